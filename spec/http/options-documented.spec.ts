import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type HttpOptions, idempotent } from 'retrysafe/http';
import { thrown } from '../support/rejection.js';

describe('docs/reference/http.md', () => {
  it('has every option of an adapter, and no other', () => {
    const document = readFileSync(new URL('../../../docs/reference/http.md', import.meta.url), 'utf8');
    const documented = [...document.matchAll(/^\| `(\w+)` \|/gm)].map(([, option]) => option);
    const wrong = { scope: 'public', nothing: 1 } as unknown as HttpOptions<Request>;
    const { message } = thrown(() => idempotent(() => new Response(), wrong)) as Error;
    const options = /the options are (.+)$/.exec(message)?.[1]?.split(', ');
    expect(documented.sort()).to.deep.equal(options?.sort());
  });
});
