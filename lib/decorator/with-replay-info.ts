import { infoOfError, type ReplayInfo, Watch } from '../engine/execution/replay-info.js';
import { ConfigurationError } from '../errors.js';
import { kindOf } from '../options/wrong-option.js';

/** A call's value, with where it came from. */
export interface WithReplayInfo<T> extends ReplayInfo {
  readonly value: T;
}

/**
 * Makes an idempotent call and returns its value together with whether it was replayed. The value itself is not marked:
 * `await withReplayInfo(() => service.placeHold(request))`.
 *
 * It reports the calls that `work` makes. It does not report calls that a method makes inside them. If `work` makes several
 * calls, for example to retry, it reports the one that began last, among those that have ended when `work` ends.
 *
 * If `work` rejects, it rejects with the same error. `replayInfoOf(error)` then returns where that error came from.
 *
 * @throws {ConfigurationError} if `work` made no idempotent call, or did not wait for it.
 */
export async function withReplayInfo<T>(work: () => T): Promise<WithReplayInfo<Awaited<T>>> {
  if (typeof work !== 'function') {
    throw new ConfigurationError(
      `withReplayInfo: its argument is ${kindOf(work)}; expected a function that makes the call, as in withReplayInfo(() => service.placeHold(request))`,
    );
  }
  const watch = new Watch();
  // `work` may return a thenable that makes its call only when it is awaited. So the watch covers the await too.
  const value = await watch.run(() => Promise.resolve(work()));
  const { info } = watch;
  // `key` may be a getter that makes the key. The descriptors are copied, so that it runs only when the key is read.
  const properties = info && Object.getOwnPropertyDescriptors(info);
  if (properties) return Object.defineProperties({ value }, properties) as WithReplayInfo<Awaited<T>>;
  const mistake = watch.hasBegun
    ? 'did not wait for its idempotent call; return or await what that call returns'
    : 'made no idempotent call; expected a call of a method decorated with @Idempotent, or of a function that makeIdempotent returned';
  throw new ConfigurationError(`withReplayInfo: its function ${mistake}`);
}

/**
 * Returns where an error of `withReplayInfo` came from, and whether it was replayed. Returns `undefined` if the error is not
 * a recorded outcome: a refusal, or a failure after which the next equal call runs.
 */
export function replayInfoOf(error: unknown): ReplayInfo | undefined {
  return infoOfError(error);
}
