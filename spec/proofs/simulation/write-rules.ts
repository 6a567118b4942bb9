import type { IdempotencyRecord } from 'retrysafe';
import type { Checker } from './checker.js';
import type { Version } from './database.js';

export type Fault = readonly [rule: string, what: string];

/** What is wrong about a version that has just come to stand. */
export function* writeFaults(
  checker: Checker,
  key: string,
  before: Version | undefined,
  after: Version,
): Generator<Fault> {
  const [old, young] = [before?.record, after.record];
  const { options } = checker;
  if (young && options.onAbandoned !== 'run' && after.by.name !== 'audit' && mayExpire(young))
    yield [
      'an unknown outcome stays',
      `${young.state.status} expires at ${young.expiresAt}, and is no free key`,
    ];
  const decision = young && checker.decisions.of(young);
  if (decision) {
    yield* checker.decisions.faults(old, young, decision, old !== undefined && isHeld(old, checker));
    checker.runs.decided(key, after, decision);
    return;
  }
  if (young && (young.state.recoveries?.count ?? 0) > (options.maxAttempts ?? Number.POSITIVE_INFINITY))
    yield ['attempts have an end', `a recovery function was asked ${young.state.recoveries?.count} times`];
  if (!old || !young) return;
  // For some process it may have expired, for which it was free.
  if (old.expiresAt <= checker.latestNow) return;
  const [from, to] = [owner(old), owner(young)];
  const change = `${old.state.status} became ${young.state.status}`;
  if (old.state.status === 'completed') {
    const rule = checker.decisions.of(old) ? "an operator's answer stays" : 'a recorded outcome stays';
    yield [rule, `an outcome that holds was overwritten: ${change}`];
  }
  if (from.name === to.name) {
    if (to.n <= from.n)
      yield ['no write undoes a later one', `write ${to.n} of an owner came after ${from.n}`];
    return;
  }
  if (young.state.exhausted !== undefined && young.state.status === 'unknown') {
    yield* exhaustionFaults(checker, old, young);
    return;
  }
  if (young.state.status !== 'in-progress')
    yield ['no write of a former holder', `a call that does not hold the key wrote: ${change}`];
  else if (isHeld(old, checker)) yield ['one unlapsed claim', 'a claim that holds was taken over'];
  const isUndecided = old.state.status === 'unknown' || old.state.status === 'in-progress';
  if (isUndecided && options.onAbandoned === 'refuse' && after.by.name !== 'audit')
    yield ['onAbandoned decides', `a key was taken over that is to be refused: ${change}`];
  if (young.state.fencingToken <= old.state.fencingToken)
    yield ['fencing tokens grow', `${young.state.fencingToken} came after ${old.state.fencingToken}`];
  const isOther = old.state.fingerprint !== undefined && young.state.fingerprint !== old.state.fingerprint;
  if (isOther && young.state.fingerprint !== undefined)
    yield ['fingerprints are kept', `a request took over the key of another one: ${change}`];
}

/** What is wrong about a record that says that no attempt may begin any more. */
function* exhaustionFaults(
  checker: Checker,
  { state: old }: IdempotencyRecord,
  { state: young }: IdempotencyRecord,
): Generator<Fault> {
  const { maxAttempts = Number.POSITIVE_INFINITY } = checker.options;
  checker.counted(`attempts exhausted: ${old.status}`);
  if (isHeld({ state: old } as IdempotencyRecord, checker))
    yield ['one unlapsed claim', 'attempts were said to be exhausted while a claim holds'];
  const { attempt, fencingToken } = old;
  if (young.attempt !== attempt || young.exhausted !== attempt || young.fencingToken !== fencingToken)
    yield ['attempts have an end', `attempt ${attempt} became ${young.attempt}, by no run`];
  if (attempt < maxAttempts && (old.recoveries?.count ?? 0) < maxAttempts)
    yield ['attempts have an end', `attempt ${attempt} of ${maxAttempts} is not the last`];
}

/** Whether a record that an operator may have to resolve expires before the end of the year 9999. */
function mayExpire({ state: { status }, expiresAt }: IdempotencyRecord): boolean {
  return (status === 'unknown' || status === 'in-progress') && expiresAt < Date.UTC(9999, 11, 31);
}

/** Whether a record is a claim that no call may take over yet, by any clock. */
function isHeld({ state }: IdempotencyRecord, { latestNow, options }: Checker): boolean {
  return state.status === 'in-progress' && latestNow < state.leaseUntil + options.clockTolerance;
}

/** Who wrote a record, and with which of its writes. */
export function owner({ token }: IdempotencyRecord): { readonly name: string; readonly n: number } {
  const dot = token.lastIndexOf('.');
  return { name: token.slice(0, dot), n: Number(token.slice(dot + 1)) };
}
