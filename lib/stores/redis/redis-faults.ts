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
    'the client may not do that; allow its user EVALSHA, EVAL, HMGET and what scripts call (HLEN, HSET, PEXPIRE, PUBLISH), on the keys and channels that begin with "PREFIX"',
  ],
  [/(^|- )(MOVED|ASK|CROSSSLOT)\b/i, 'the server belongs to a cluster; pass a cluster client'],
  [/\b(NOREPLICAS)\b/, 'the server has too few replicas to take writes (`min-replicas-to-write`)'],
];

/** What to say of a key under the prefix that another program wrote. `name` is the whole name of the key. */
export function foreignKey(name: string): Foreign {
  return {
    what: `what the server keeps under ${name}`,
    advice: 'choose a `prefix` that nothing else uses',
  };
}

/** Returns an error that says what is wrong with a server or a key, or the fault itself where that is unknown. */
export function explained(fault: unknown, key: string, prefix: string): unknown {
  const message = faultMessage(fault);
  if (/\bWRONGTYPE\b/.test(message)) return notOurs('RedisStore', key, foreignKey(prefix + key), fault);
  const [, advice] = advices.find(([sign]) => sign.test(message)) ?? [];
  // A replica, a server without memory and one without its replicas may be in order again later.
  const isLasting = !/\b(READONLY|OOM|NOREPLICAS)\b/i.test(message);
  return withAdvice('RedisStore', fault, advice?.replace('PREFIX', prefix), isLasting);
}
