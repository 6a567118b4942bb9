import type { Happening } from './happening.js';
import { wordsFor } from './words.js';
import type { World } from './world.js';

type Does = Extract<Happening, { readonly what: 'does' }>;

/** What a history has that breaks an invariant, by what was done in it. */
interface Facts {
  readonly world: World;
  readonly happenings: readonly Happening[];
  /** Effects and transactions, in their order. */
  readonly effects: readonly Does[];
  /** What the store was asked to write, and wrote. */
  readonly writes: readonly Does[];
}

/** A pattern: returns what is wrong and what would mend it, or nothing where it is not the case. */
type Cause = (facts: Facts) => string | undefined;

/** Of a key that `deriveKey` made: a UUID of version 8. */
const derivedKey = /"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/;

/** Returns what would mend it, the most likely first. */
export function mendsFor(world: World): string[] {
  const done = world.happenings.filter((one): one is Does => one.what === 'does');
  const facts: Facts = {
    world,
    happenings: world.happenings,
    effects: done.filter(({ kind }) => kind !== 'store'),
    writes: done.filter(({ kind }) => kind === 'store'),
  };
  const found = causes.map((cause) => cause(facts)).filter((mend) => mend !== undefined);
  return found.length > 0 ? found.slice(0, 2) : [lastResort(facts)];
}

const noClaim: Cause = ({ writes, effects }) =>
  writes.length === 0 && effects.length > 0
    ? 'No call asked the store for its key. Decorate the method with @Idempotent, and give it the `store` that setUp gets.'
    : undefined;

const changingKey: Cause = ({ world }) => {
  for (const [index, keys] of world.keys) {
    const operations = [...keys].map(operationOf);
    if (new Set(operations).size < operations.length)
      return `The key of call ${index + 1} is another one when it is delivered again. Let \`key\` select what is the same in each delivery of a request: no time, random number or attempt.`;
  }
  return undefined;
};

const outsideOfTheMethod: Cause = (facts) => {
  const { happenings } = facts;
  const claimed = new Set<unknown>();
  for (const one of happenings) {
    if (one.what !== 'does') continue;
    if (one.kind === 'store') claimed.add(one.process);
    else if (!claimed.has(one.process) && repeats(facts, one).length > 1)
      return `${one.name} was called before the key was claimed, and so by every delivery. Call it inside of the idempotent method.`;
  }
  return undefined;
};

const unawaited: Cause = ({ happenings, effects }) => {
  const returned = new Set<unknown>();
  for (const one of happenings) {
    if (one.what === 'returns') returned.add(one.process);
    if (one.what === 'fault' && returned.has(one.process) && one.name !== 'replace')
      return `The call had returned while ${one.name} was under way, and its process ended. Await ${one.name} in the method.`;
  }
  const late = effects.find(({ process, at }) =>
    happenings.some((one) => one.what === 'returns' && one.process === process && one.at < at),
  );
  return late && `The call returned before ${late.name} was done. Await it in the method.`;
};

const swallowed: Cause = ({ happenings, effects }) => {
  for (const process of new Set(happenings.map((one) => one.process))) {
    const own = happenings.filter((one) => one.process === process);
    const failed =
      own.find(
        (one) =>
          one.what === 'fault' &&
          (one.fault === 'failure' || one.fault === 'lost answer') &&
          isEffect(one.name),
      ) ?? effects.find((one) => one.process === process && 'error' in one.done);
    if (failed && 'name' in failed && own.some((one) => one.what === 'returns'))
      return `${failed.name} failed, and call ${process.call.index + 1} returned as if it had not: that is its outcome now. Let the method throw what ${failed.name} throws.`;
  }
  return undefined;
};

const rememberedDoubt: Cause = ({ happenings, writes }) => {
  const doubt = happenings.find((one) => one.what === 'fault' && isEffect(one.name));
  const remembered = writes.find(
    ({ record }) => record?.state.status === 'completed' && record.state.outcome.kind === 'error',
  );
  return doubt && 'name' in doubt && remembered
    ? `An error of ${doubt.name} was recorded as the outcome, though a broken connection says nothing about what was done. Remember errors by which the other side has said no, and let \`onError\` return 'unknown' for those that leave it open.`
    : undefined;
};

const zombie: Cause = ({ happenings, effects, writes }) => {
  for (const one of happenings) {
    if (one.what !== 'resumes') continue;
    const own = writes.find(({ process }) => process === one.process)?.record?.key;
    const wasTaken = writes.some(
      ({ process, record, at }) => process !== one.process && record?.key === own && at <= one.at,
    );
    const late = effects.find(
      ({ process, at, done }) => process === one.process && at > one.at && 'value' in done,
    );
    if (wasTaken && late)
      return `${late.name} was called by a process whose claim had lapsed: another one had taken over. ${remedyFor(late)}`;
  }
  return undefined;
};

const thrownAfterwards: Cause = (facts) => {
  const { happenings, effects } = facts;
  for (const one of happenings) {
    if (one.what !== 'fails' || one.isFinal) continue;
    const own = effects.find(({ process, done }) => process === one.process && 'value' in done);
    const isOwnError = (one.error as Error | undefined)?.name !== 'EffectFailedError';
    if (own && isOwnError && repeats(facts, own).length > 1)
      return `The method threw ${wordsFor(one.error)} after ${own.name} was done, and so the key was free for another run. Check what can be refused before the first effect; or list the error in \`remember\`, if it is the outcome.`;
  }
  return undefined;
};

const repeatedEffect: Cause = (facts) => {
  for (const one of facts.effects) {
    const same = repeats(facts, one);
    if (same.length > 1)
      return `${one.name} was called ${same.length} times for one request. ${remedyFor(one, same)}`;
  }
  return undefined;
};

const sharedDerivedKey: Cause = ({ effects }) => {
  const users = new Map<string, Does>();
  for (const one of effects) {
    const key = derivedKey.exec(wholeTextOf(one))?.[0];
    if (key === undefined) continue;
    const other = users.get(key);
    if (other && (other.name !== one.name || withoutKeys(other) !== withoutKeys(one)))
      return `${other.name} and ${one.name} got the same derived key for different requests. Give each a label of its own: deriveKey('hold'), deriveKey('fee').`;
    users.set(key, one);
  }
  return undefined;
};

const causes: readonly Cause[] = [
  noClaim,
  changingKey,
  outsideOfTheMethod,
  unawaited,
  swallowed,
  rememberedDoubt,
  thrownAfterwards,
  zombie,
  sharedDerivedKey,
  repeatedEffect,
];

function lastResort({ world, happenings }: Facts): string {
  const calls = new Map<string, Set<number>>();
  for (const [index, keys] of world.keys)
    for (const key of keys) calls.set(key, (calls.get(key) ?? new Set()).add(index));
  const shared = [...calls.values()].find((own) => own.size > 1);
  const isFaultless = !happenings.some(
    (one) => one.what === 'fault' || (one.what === 'begins' && one.why === 'redelivery'),
  );
  if (shared && isFaultless)
    return `${[...shared].map((index) => `call ${index + 1}`).join(' and ')} have the same key, so they have one outcome. If they are different requests, let \`key\` select what tells them apart, or \`fingerprint\` what may not differ.`;
  if (isFaultless) return 'No fault is needed for this: it happens where nothing fails.';
  return 'No known pattern fits. The story above is the whole history: look for what is done in it and should not be.';
}

function remedyFor(one: Does, same: readonly Does[] = [one]): string {
  if (one.kind === 'transaction')
    return 'Let it complete the call as well, so that it commits once: `await store.complete(tx, await currentExecution().completion(result))`, of which the completion is asked for before the transaction begins.';
  const keys = new Set(same.map((each) => derivedKey.exec(wholeTextOf(each))?.[0]));
  if (keys.has(undefined))
    return `currentExecution().deriveKey(…) was not handed to ${one.name}: hand it over, and let the other side do one key once; or find out in \`onAbandoned\` what an earlier attempt has done.`;
  if (keys.size > 1)
    return `${one.name} got another derived key each time: let the label be the same on every attempt.`;
  return `It got the same derived key each time: let the other side do one key once.`;
}

/** The times that the same was called, by its arguments or for the same key, each in a process of its own. */
function repeats({ effects, writes }: Facts, one: Does): Does[] {
  const keyOf = ({ process, at }: Does) =>
    writes.findLast((write) => write.process === process && write.at <= at)?.record?.key;
  return effects.filter((other) => {
    if (other.name !== one.name || 'error' in other.done) return false;
    if (other === one || withoutKeys(other) === withoutKeys(one)) return true;
    return other.process !== one.process && keyOf(other) !== undefined && keyOf(other) === keyOf(one);
  });
}

function withoutKeys(one: Does): string {
  return wholeTextOf(one).replace(new RegExp(derivedKey, 'g'), '""');
}

function wholeTextOf({ args, told }: Does): string {
  try {
    return `${JSON.stringify(args)} ${told}`;
  } catch {
    return told;
  }
}

function isEffect(name: string): boolean {
  return name !== 'claim' && name !== 'replace' && name !== 'find';
}

function operationOf(key: string): string {
  return key.slice(0, key.lastIndexOf('#'));
}
