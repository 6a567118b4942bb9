import { fail } from '../check-end.js';
import type { HttpCheck } from '../http-check.js';

const scope: HttpCheck = {
  id: 'scope',
  title: 'somebody else with the same key does not get the answer',
  section: 'draft-07 §5',
  level: 'custom',
  lacks: ({ otherIdentity }) => (otherIdentity ? undefined : 'no otherIdentity'),
  async run(target) {
    const key = target.freshKey();
    const first = await target.sendFirst({ key });
    if ((await target.isReplay(first, { key, identity: 'other' })).isReplay)
      fail('another identity was answered by a replay');
  },
};

const unauthenticated: HttpCheck = {
  id: 'unauthenticated-replay',
  title: 'a retry without authentication is refused, and one with it gets the answer',
  section: 'custom',
  level: 'custom',
  lacks: ({ authentication }) => (authentication ? undefined : 'no authentication'),
  async run(target) {
    const key = target.freshKey();
    const first = await target.sendFirst({ key });
    const without = await target.send({ key, identity: 'none' });
    if (without.status < 400 || without.status >= 500)
      fail(`a retry without authentication was answered ${without.status}; expected 401 or 403`);
    if (without.body.length > 0 && without.body.equals(first.body))
      fail('a retry without authentication got the body of the answer');
    const { isReplay, answer } = await target.isReplay(first, { key });
    if (!isReplay)
      fail(`the retry with authentication after it was answered ${answer.status}, and not by a replay`);
  },
};

const otherOperation: HttpCheck = {
  id: 'other-operation',
  title: 'another operation with the same key does not get the answer',
  section: 'custom',
  level: 'custom',
  lacks: ({ other }) => (other ? undefined : 'neither otherUrl nor otherMethod'),
  async run(target) {
    const key = target.freshKey();
    const first = await target.sendFirst({ key });
    if ((await target.isReplay(first, { key, ...target.settings.other })).isReplay)
      fail('the other operation was answered by a replay');
  },
};

/** Whom a key belongs to. */
export const identityChecks: readonly HttpCheck[] = [scope, unauthenticated, otherOperation];
