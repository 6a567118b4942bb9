import { ConfigurationError, StoreError } from '../../errors.js';

/** Whether the server does not have the script (any more), so that nothing of it was done. */
export function isMissingScript(fault: unknown): boolean {
  return /\bno_?script/i.test(String((fault as Partial<Error> | null | undefined)?.message));
}

/** What a server says first of an error, or GLIDE in its place, and what to do about it. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/\bREADONLY\b/i, 'the server is a replica that takes no writes; connect the client to its primary'],
  [
    /\bOOM\b/,
    'the server has no memory left for records; give it more, and leave its `maxmemory-policy` at `noeviction`',
  ],
  [
    /\b(NOPERM|NOAUTH)\b|the user executing the script/i,
    'the client may not do that; allow its user EVALSHA, EVAL, HMGET and what scripts call (HLEN, HSET, PEXPIRE, PUBLISH), on the keys and channels that begin with "PREFIX"',
  ],
  [/(^|- )(MOVED|ASK|CROSSSLOT)\b/i, 'the server is one of a cluster; hand over a cluster client of it'],
  [/\b(NOREPLICAS)\b/, 'the server has too few replicas to take writes (`min-replicas-to-write`)'],
];

/** What to do where somebody else's keys are under the prefix. */
export const foreignAdvice = 'choose a `prefix` that nothing else uses';

/** Says what is wrong with a server or a key, where a fault tells that; every other fault stays as it is. */
export function explained(fault: unknown, key: string, prefix: string): unknown {
  const message = String((fault as Partial<Error> | null | undefined)?.message);
  if (/\bWRONGTYPE\b/.test(message)) {
    return new ConfigurationError(
      `RedisStore: what the server keeps under ${prefix}${key} is no record of retrysafe; ${foreignAdvice}`,
      { cause: fault },
    );
  }
  const [, what] = advice.find(([sign]) => sign.test(message)) ?? [];
  if (!what) return fault;
  // A replica, a server without memory and one without its replicas may not be so later.
  const isLasting = !/\b(READONLY|OOM|NOREPLICAS)\b/i.test(message);
  return new StoreError(`RedisStore: ${what.replace('PREFIX', prefix)}`, {
    cause: fault,
    ...(isLasting && { advice: 'fix-code' }),
  });
}
