import { fail } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';

const safeMethods: HttpCheck = {
  id: 'safe-methods',
  title: 'GET, HEAD and OPTIONS are not refused for want of a key',
  section: 'draft-07 §1, RFC 9110 §9.2.1',
  level: 'custom',
  async run(target) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const without = await target.send({ method });
      if (without.status !== 400) continue;
      // It may be refused for another reason, which a key does not change.
      const withKey = await target.send({ method, key: target.freshKey() });
      if (withKey.status !== without.status)
        fail(`${method} without a key was answered 400, and ${withKey.status} with one`);
    }
  },
};

/** What needs no key. */
export const safeMethodChecks: readonly HttpCheck[] = [safeMethods];
