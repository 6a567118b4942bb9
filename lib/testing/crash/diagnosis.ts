import { derivedKeysOf, Facts, withoutKeys } from './facts.js';
import type { Does } from './happening.js';
import { UNREAD } from './in-memory-database.js';
import type { Done } from './operation-under-way.js';
import { isInProgress } from './story.js';
import { textOf, wordsFor } from './words.js';
import type { World } from './world.js';

/** What is wrong in a history, and what would mend it. */
export interface Diagnosis {
  readonly what: string;
  /** The most likely first. Without any, no pattern is known that fits. */
  readonly mends: readonly string[];
}

/** A pattern: returns what is wrong, or nothing where it is not the case. */
type Pattern = (facts: Facts) => Diagnosis | undefined;

/** Returns the first pattern that a history has: those come first that leave no doubt. */
export function diagnosisOf(world: World): Diagnosis {
  const facts = new Facts(world);
  for (const pattern of patterns) {
    const found = pattern(facts);
    if (found) return { ...found, what: found.what.replace(/^(the|call)\b/, capitalised) };
  }
  const what = facts.isFaultless
    ? 'No fault is needed for this: it happens where nothing fails.'
    : 'No known pattern fits. The story is the whole history: look for what is done in it and should not be.';
  return { what, mends: [] };
}

const noClaim: Pattern = ({ world, effects }) => (effects.length > 0 ? unclaimed(world) : undefined);

const noClaimAtAll: Pattern = ({ world }) => unclaimed(world);

function unclaimed({ keys }: World): Diagnosis | undefined {
  return keys.size === 0
    ? {
        what: 'No call asked the store for its key.',
        mends: ['Decorate the method with @Idempotent, and give it the `store` that setUp gets.'],
      }
    : undefined;
}

const changingKey: Pattern = ({ world: { keys } }) => {
  for (const [process, own] of keys)
    for (const [other, others] of keys) {
      const isAgain = process.call.index === other.call.index && process.number < other.number;
      if (!isAgain || [...own].some((key) => others.has(key))) continue;
      const operations = new Set([...own].map(operationOf));
      if (![...others].some((key) => operations.has(operationOf(key)))) continue;
      return {
        what: `The key of call ${process.call.index + 1} is another one when it is delivered again.`,
        mends: [
          'Let `key` select what is the same in each delivery of a request: no time, random number or attempt.',
        ],
      };
    }
  return undefined;
};

/** The completion of a call was refused, or nobody waited for it, and its transaction was committed all the same. */
const committedAlone: Pattern = ({ happenings, effects }) => {
  const refused = happenings.find(
    (one) => one.what === 'does' && one.name === 'complete' && 'error' in one.done,
  );
  const committed = effects.find(
    (one) =>
      one.kind === 'transaction' &&
      'value' in one.done &&
      (one.beside.includes('complete') || (one.process === refused?.process && one.at >= refused.at)),
  );
  if (!committed) return undefined;
  return {
    what: `The transaction was committed though ${committed.beside.includes('complete') ? 'store.complete() was still under way' : 'store.complete() had been refused'}.`,
    mends: ['Await store.complete() in the transaction, and let it throw: then the transaction rolls back.'],
  };
};

const noEffect: Pattern = ({ world, effects }) =>
  effects.length === 0 && !world.hasEffects
    ? {
        what: 'No effect is wrapped, so the test sees nothing of what the service does outside of its process.',
        mends: [
          "Wrap what changes something there, as in effect('bank.placeHold', …), and give it to the service.",
        ],
      }
    : undefined;

/** What changes something outside of the method is repeated, and nothing inside of it. */
const outsideOfTheMethod: Pattern = (facts) => {
  const { isOutside } = facts;
  const repeated = facts.effects.filter((one) => !isLook(one.name) && alike(facts, one) > 1);
  const [first] = repeated.filter(isOutside);
  const isToldInside = repeated.some((one) => !isOutside(one) && derivedKeysOf(one).length === 0);
  if (!first || isToldInside || facts.writes.length === 0) return undefined;
  return {
    what: `${first.name} was called outside of the idempotent method, and so by every delivery.`,
    mends: [`Call ${first.name} inside of the idempotent method.`],
  };
};

const unawaited: Pattern = ({ happenings, writes }) => {
  const name =
    writes
      .filter(({ record }) => record?.state.status === 'completed')
      .flatMap(({ beside }) => beside)
      .find((each) => each !== 'replace') ?? afterReturn(happenings);
  return name === undefined
    ? undefined
    : {
        what: `The outcome was recorded while ${name} was under way, so nobody learned what became of it.`,
        mends: [`Await ${name} in the method.`],
      };
};

/** The effect at which something happened to a process that had returned. */
function afterReturn(happenings: Facts['happenings']): string | undefined {
  const returned = new Set<unknown>();
  for (const one of happenings) {
    if (one.what === 'returns') returned.add(one.process);
    const isEffect =
      one.what === 'does' ? one.kind !== 'store' : one.what === 'fault' && one.name !== 'replace';
    if (isEffect && 'name' in one && returned.has(one.process)) return one.name;
  }
  return undefined;
}

const swallowed: Pattern = ({ happenings, effects, faults, writes }) => {
  for (const { process } of happenings.filter(({ what }) => what === 'returns')) {
    // Else it has returned what another one has recorded.
    const isOwn = writes.some((one) => one.process === process && one.record?.state.status === 'completed');
    if (!isOwn) continue;
    const failed =
      faults.find((one) => one.process === process && /^(failure|lost answer)$/.test(one.fault)) ??
      effects.find((one) => one.process === process && one.kind === 'transaction' && 'error' in one.done);
    // Whoever tries again until it is done swallows nothing.
    const isDone = effects.some(
      (one) =>
        one.process === process && one.name === failed?.name && 'value' in one.done && one.at > failed.at,
    );
    if (failed && !isDone && !isLook(failed.name))
      return {
        what: `${failed.name} failed, and call ${process.call.index + 1} returned as if it had not: that is its outcome now.`,
        mends: [`Let the method throw what ${failed.name} throws.`],
      };
  }
  return undefined;
};

const rememberedDoubt: Pattern = ({ writes, faults }) => {
  const doubt = faults.find(({ fault }) => fault === 'lost answer' || fault === 'failure');
  const isRemembered = writes.some(
    ({ record }) => record?.state.status === 'completed' && record.state.outcome.kind === 'error',
  );
  return doubt && isRemembered
    ? {
        what: `An error of ${doubt.name} was recorded as the outcome, though a broken connection says nothing about what was done.`,
        mends: [
          "Remember errors by which the other side has said no, and let `onError` return 'unknown' for those that leave it open.",
        ],
      }
    : undefined;
};

/** A failure that may have done something frees the key, and the next run does it again. */
const freedByDoubt: Pattern = (facts) => {
  for (const { process, fault, name } of facts.faults) {
    const one = facts.effects.find((each) => each.process === process && each.name === name);
    if (fault !== 'lost answer' || !one) continue;
    const isFreed = facts.writes.some(
      (write) => write.process === process && write.record?.state.status === 'released',
    );
    const same = facts.repeats(one);
    if (isFreed && same.length > 1 && derivedKeysOf(one).length === 0)
      return {
        what: `${name} gave no answer, which says nothing about whether it was done, and its error freed the key: ${name} was called ${same.length} times for one request, and ${notHanded(name)}`,
        mends: [
          handOver,
          "Or let `onError` return 'unknown' for such an error, so that nothing runs again before somebody has looked.",
        ],
      };
  }
  return undefined;
};

const thrownAfterwards: Pattern = (facts) => {
  for (const one of facts.happenings) {
    if (one.what !== 'fails' || one.isLast === 'an outcome') continue;
    const own = facts.effects.find(({ process, done }) => process === one.process && 'value' in done);
    const isOwnError = (one.error as Error | undefined)?.name !== 'EffectFailedError';
    if (own && isOwnError && facts.repeats(own).length > 1)
      return {
        what: `The method threw ${wordsFor(one.error)} after ${own.name} was done, and so the key was free for another run.`,
        mends: [
          'Check what can be refused before the first effect.',
          'Or list the error in `remember`, if it is the outcome.',
        ],
      };
  }
  return undefined;
};

/** The recovery function gave an answer of which nothing says that it is true. */
const guessedRecovery: Pattern = (facts) => {
  for (const { process, record } of facts.writes) {
    if (record?.state.status !== 'completed' || !facts.takeoverBy(process)) continue;
    if (facts.effects.some((one) => one.process === process)) continue;
    const returned = facts.happenings.find((one) => one.what === 'returns' && one.process === process);
    const answer = returned?.what === 'returns' ? ` with ${wordsFor(returned.value)}` : '';
    return {
      what: `${process.name} took over an attempt, and its recovery function answered${answer} without having asked what that attempt had done.`,
      mends: [
        "Ask the other side in `onAbandoned`, by the derived key that the attempt had handed over, and return 'run' where it knows of nothing.",
      ],
    };
  }
  return undefined;
};

/** A transaction replaces what another one has written, without having read it. */
const lostUpdate: Pattern = ({ effects }) => {
  for (const one of effects) {
    const row = one.told.split(', ').find((_part, at, parts) => parts[at + 1] === UNREAD.slice(2));
    if (one.kind !== 'transaction' || row === undefined) continue;
    return {
      what: `A transaction replaced ${row}, which it had not read, and so what another one had written there.`,
      mends: [
        `Read ${row} inside of the transaction that changes it, so that one of two at once is refused and begins anew.`,
      ],
    };
  }
  return undefined;
};

const zombie: Pattern = (facts) => {
  for (const one of facts.happenings) {
    if (one.what !== 'resumes') continue;
    const own = facts.keyOf(one.process);
    const successor = facts.writes.find(
      ({ process, record, at }) => process !== one.process && record?.key === own && at <= one.at,
    );
    const lates = facts.effects.filter(
      ({ process, at, done }) => process === one.process && at > one.at && 'value' in done,
    );
    const late = lates.find((each) => derivedKeysOf(each).length === 0 && !isLook(each.name)) ?? lates[0];
    if (!successor || !late) continue;
    const looked = facts.effects.find(
      ({ process, name }) => process === successor.process && name !== late.name && isLook(name),
    );
    const found = looked ? ` What ${looked.name} had found before was no longer so.` : '';
    return {
      what: `${late.name} was called by a process whose claim had lapsed: ${successor.process.name} had taken over.${found}`,
      mends: lateRemedies(facts, late),
    };
  }
  return undefined;
};

function lateRemedies(facts: Facts, late: Does): string[] {
  if (late.kind === 'transaction') return [completeIt];
  const { fencingToken } = facts.writes.find(({ process }) => process === late.process)?.record?.state ?? {};
  if (late.args.includes(fencingToken))
    return [`Let the other side refuse a fencing token that is lower than one it has seen.`];
  if (derivedKeysOf(late).length > 0) return ['Let the other side do one derived key once.'];
  return [
    handOver,
    'Or hand it currentExecution().fencingToken, and let the other side refuse one that is lower than one it has seen.',
  ];
}

/** A call was delivered as often as it may be, and had no outcome. */
const withoutOutcome: Pattern = ({ happenings }) => {
  for (const one of happenings) {
    if (one.what !== 'fails' || one.isLast !== 'used up') continue;
    const { index, delivery } = one.process.call;
    const isWaiting = isInProgress(one.error);
    return {
      what: `Call ${index + 1} had no outcome after ${delivery} ${delivery === 1 ? 'delivery' : 'deliveries'}: the last one failed with ${wordsFor(one.error)}`,
      mends: isWaiting
        ? ['Let duplicates `wait` longer, or the test have more `deliveries`.']
        : ['List the error in `remember`, if it is the outcome; else find out why it does not pass.'],
    };
  }
  return undefined;
};

const sharedDerivedKey: Pattern = ({ effects }) => {
  const users = new Map<string, Does>();
  for (const one of effects) {
    const key = derivedKeysOf(one)[0];
    if (key === undefined) continue;
    const other = users.get(key);
    if (other && (other.name !== one.name || withoutKeys(other) !== withoutKeys(one)))
      return {
        what: `${other.name}${other.name === one.name ? '' : ` and ${one.name}`} got the same derived key for different requests.`,
        mends: ["Give each a label of its own, as in deriveKey('hold') and deriveKey('fee')."],
      };
    users.set(key, one);
  }
  return undefined;
};

const repeatedEffect: Pattern = (facts) => {
  const likely = (one: Does) => Number(isKeyed(one)) + 2 * Number(facts.isOutside(one));
  const changing = facts.effects.filter(({ name }) => !isLook(name)).sort((a, b) => likely(a) - likely(b));
  for (const one of changing) {
    const same = facts.repeats(one);
    if (same.length < 2) continue;
    const times = `${one.kind === 'transaction' ? `${one.name} was committed` : `${one.name} was called`} ${same.length} times for one request`;
    if (one.kind === 'transaction')
      return {
        what: `${times}: it commits apart from the outcome of the call.`,
        mends: [completeIt],
      };
    const keys = new Set(same.map((each) => derivedKeysOf(each)[0]));
    if (keys.has(undefined))
      return {
        what: `${times}: ${notHanded(one.name)}`,
        mends: [handOver, 'Or find out in `onAbandoned` what an earlier attempt has done.'],
      };
    if (keys.size > 1)
      return {
        what: `${times}, with another derived key each time.`,
        mends: ['Let the label of deriveKey() be the same on every attempt.'],
      };
    // Who answers the same has recognised the key.
    if (same.every(({ done }) => isSameAnswer(done, one.done))) continue;
    return {
      what: `${times}, with the same derived key each time.`,
      mends: ['Let the other side do one derived key once.'],
    };
  }
  return undefined;
};

const sharedKey: Pattern = ({ world, isFaultless }) => {
  const calls = new Map<string, Set<number>>();
  for (const [{ call }, keys] of world.keys)
    for (const key of keys) calls.set(key, (calls.get(key) ?? new Set()).add(call.index));
  const shared = [...calls.values()].find((own) => own.size > 1);
  return shared && isFaultless
    ? {
        what: `${[...shared].map((index) => `call ${index + 1}`).join(' and ')} have the same key, so they have one outcome.`,
        mends: [
          'If they are different requests, let `key` select what tells them apart, or `fingerprint` what may not differ.',
        ],
      }
    : undefined;
};

/** The same was done under two keys. */
const differentKeys: Pattern = ({ effects, keyOf }) => {
  for (const one of effects)
    for (const other of effects) {
      const [key, otherKey] = [keyOf(one.process), keyOf(other.process)];
      const isOther = one.process.call.index < other.process.call.index && key !== otherKey;
      if (!isOther || key === undefined || otherKey === undefined) continue;
      if (one.name === other.name && withoutKeys(one) === withoutKeys(other))
        return {
          what: `Call ${one.process.call.index + 1} and call ${other.process.call.index + 1} have different keys, and ${one.name} was called with the same for each.`,
          mends: ['If they are one request, let `key` select what is the same in both.'],
        };
    }
  return undefined;
};

const patterns: readonly Pattern[] = [
  noClaim,
  changingKey,
  committedAlone,
  outsideOfTheMethod,
  unawaited,
  swallowed,
  rememberedDoubt,
  thrownAfterwards,
  freedByDoubt,
  withoutOutcome,
  noClaimAtAll,
  noEffect,
  guessedRecovery,
  lostUpdate,
  zombie,
  sharedDerivedKey,
  repeatedEffect,
  sharedKey,
  differentKeys,
];

const handOver = "Hand it currentExecution().deriveKey('<a label>'), and let the other side do one key once.";

const completeIt =
  'Let it complete the call as well, so that it commits once: `const completion = await currentExecution().completion(result)` before it begins, and `await store.complete(tx, completion)` in it.';

/** Whether it was handed a key that is the same on every attempt. */
function isKeyed(one: Does): boolean {
  return derivedKeysOf(one).length > 0;
}

/** The operation that a key belongs to. */
function operationOf(key: string): string {
  return key.slice(0, key.lastIndexOf('#'));
}

function notHanded(name: string): string {
  return `currentExecution().deriveKey(…) was not handed to ${name}.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Whether an effect only looks, as far as its name says. */
function isLook(name: string): boolean {
  return /(^|\.)(find|get|read|look|lookup|list|query|select|search|exists|has|is)(?![a-z])/.test(name);
}

function isSameAnswer(one: Done, other: Done): boolean {
  return (
    'value' in one && 'value' in other && one.value !== undefined && textOf(one.value) === textOf(other.value)
  );
}

/** How often the same was called by deliveries, whoever's. */
function alike({ effects }: Facts, one: Does): number {
  return effects.filter((other) => other.name === one.name && withoutKeys(other) === withoutKeys(one)).length;
}
