import type { Completion } from '../../record/persistence-store.js';

/** That of `node:util`, which need not be loaded for it. */
const custom = Symbol.for('nodejs.util.inspect.custom');

/** The completion, which tells its key and tokens where somebody logs it, and nothing of the result in it. */
export function hideResult(completion: Completion): Completion {
  const { record, token } = completion;
  const shown = { record: { key: record.key, token: record.token, expiresAt: record.expiresAt }, token };
  return Object.defineProperty(completion, custom, { value: () => shown });
}
