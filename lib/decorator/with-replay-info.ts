import { infoOfError, type ReplayInfo, Watch } from '../engine/execution/replay-info.js';
import { ConfigurationError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';

/** A value, and whether and whence it was replayed. */
export interface WithReplayInfo<T> extends ReplayInfo {
  readonly value: T;
}

/**
 * Makes an idempotent call and tells whether it was replayed, without a mark in the value:
 * `await withReplayInfo(() => service.placeHold(request))`.
 *
 * It tells of the calls that `work` makes, and not of those that a method makes inside of them. Where `work` makes several,
 * as one that tries again does, it tells of the one that began last, of those that have ended when `work` has.
 *
 * What `work` rejects with passes; `replayInfoOf(error)` tells the same of an error.
 *
 * @throws {ConfigurationError} where `work` made no idempotent call, or none that it waited for.
 */
export async function withReplayInfo<T>(work: () => T): Promise<WithReplayInfo<Awaited<T>>> {
  if (typeof work !== 'function') {
    throw new ConfigurationError(
      `withReplayInfo: its argument is ${kindOf(work)}; expected a function that makes the call, as in withReplayInfo(() => service.placeHold(request))`,
    );
  }
  const watch = new Watch();
  // A thenable that makes its call when it is awaited is awaited under the watch.
  const value = await watch.run(() => Promise.resolve(work()));
  const { info } = watch;
  // Its key may have to be made, which only who reads it asks for.
  const known = info && Object.getOwnPropertyDescriptors(info);
  if (known) return Object.defineProperties({ value }, known) as WithReplayInfo<Awaited<T>>;
  const what = watch.hasBegun
    ? 'did not wait for its idempotent call; return or await what that call returns'
    : 'made no idempotent call; expected a call of a method decorated with @Idempotent, or of what makeIdempotent returned';
  throw new ConfigurationError(`withReplayInfo: its function has returned, but ${what}`);
}

/**
 * Whether and whence an error was replayed that `withReplayInfo` rejected with. `undefined` of an error that is no recorded
 * outcome: a refusal, or a failure after which the next equal call runs.
 */
export function replayInfoOf(error: unknown): ReplayInfo | undefined {
  return infoOfError(error);
}
