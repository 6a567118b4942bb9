import { ConfigurationError } from '../../errors.js';
import { faultMessage, withAdvice } from '../shared/faults.js';
import { type Foreign, notOurs } from '../shared/stored-record.js';

/** Whether the server lacks the script, so that it has done nothing of it. */
export function isMissingScript(fault: unknown): boolean {
  return /\bno_?script/i.test(faultMessage(fault));
}

/** How an error of a server begins, or how GLIDE words it, and what to do about it. */
const advices: readonly (readonly [RegExp, string])[] = [
  [/\bREADONLY\b/i, 'the server is a replica, which takes no writes; connect the client to its primary'],
  [
    /\bOOM\b/,
    'the server has no memory left for records; give it more, and leave its `maxmemory-policy` at `noeviction`',
  ],
  [
    /\b(NOPERM|NOAUTH)\b|the user executing the script/i,
    'the client may not do that; allow its user RIGHTS, on the keys and channels that begin with "PREFIX"',
  ],
  [/(^|- )(MOVED|ASK|CROSSSLOT)\b/i, 'the server belongs to a cluster; pass a cluster client'],
  [/\b(NOREPLICAS)\b/, 'the server has too few replicas to take writes (`min-replicas-to-write`)'],
];

/** The commands of calls. */
const CALLS = 'EVALSHA, EVAL, HMGET and what scripts call (HLEN, HSET, PEXPIRE, PUBLISH)';

/** The commands that list records. */
export const LISTING = 'SCAN, INFO, DBSIZE, EVALSHA, EVAL and what scripts call (HMGET, HLEN)';

/** What to say of a key under the prefix that another program wrote. `name` is the whole name of the key. */
export function foreignKey(name: string): Foreign {
  return {
    what: `what the server keeps under ${name}`,
    advice: 'choose a `prefix` that nothing else uses',
  };
}

/** @throws {ConfigurationError} for the reply to a command while a MULTI is open on the connection. */
export function refuseQueued(reply: unknown): void {
  if (String(reply) !== 'QUEUED') return;
  throw new ConfigurationError(
    'RedisStore: a MULTI is open on the client, so a command runs with its EXEC or not at all; give the store a connection that nothing else uses',
  );
}

/** Returns an error that says what is wrong with a server or a key, or the fault itself where that is unknown. */
export function explained(fault: unknown, key: string, prefix: string, rights = CALLS): unknown {
  const message = faultMessage(fault);
  if (/\bWRONGTYPE\b/.test(message)) return notOurs('RedisStore', key, foreignKey(prefix + key), fault);
  const [, advice] = advices.find(([sign]) => sign.test(message)) ?? [];
  // A replica, a server without memory and one without its replicas may be in order again later.
  const isLasting = !/\b(READONLY|OOM|NOREPLICAS)\b/i.test(message);
  return withAdvice(
    'RedisStore',
    fault,
    advice?.replace('RIGHTS', rights).replace('PREFIX', () => prefix),
    isLasting,
  );
}
