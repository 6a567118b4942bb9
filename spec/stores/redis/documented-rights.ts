import { readFileSync } from 'node:fs';
import { expect } from 'chai';

/** The rights that the document gives to a user of Redis. */
export function documentedRights(): string[] {
  const document = readFileSync(new URL('../../../../docs/stores/redis.md', import.meta.url), 'utf8');
  const rule = document.match(/^user app on >PASSWORD (.+)$/m)?.[1];
  return rule?.split(' ') ?? expect.fail('the document shows no rule');
}
