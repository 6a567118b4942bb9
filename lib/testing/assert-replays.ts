import { AssertionError, deepStrictEqual } from 'node:assert';
import { replayInfoOf, withReplayInfo } from '../decorator/with-replay-info.js';
import type { ReplayInfo } from '../engine/execution/replay-info.js';

type CallOutcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Makes a call twice. Asserts that the method ran only the first time, and that both outcomes are equal. So two equal
 * requests have one key, and the recorded outcome equals the original one. Resolves to the value.
 *
 * @example await assertReplays(() => service.placeHold(request));
 *
 * @throws {AssertionError} if the method did not run or ran twice, or if the outcomes differ.
 */
export async function assertReplays<T>(call: () => T): Promise<Awaited<T>> {
  const first = await makeCall(call);
  if (!first.info || first.info.source === 'none')
    fail('the first call got no recorded outcome', call, first.outcome);
  if (first.info.isReplay)
    fail('the first call was already a replay; use a new request, or clear the store', call);
  const second = await makeCall(call);
  if (!second.info || second.info.source === 'none')
    fail('the second call got no recorded outcome', call, second.outcome);
  if (second.info.key !== first.info.key)
    fail(
      `the second call has another key, ${second.info.key} instead of ${first.info.key}; let \`key\` select what two equal requests have in common`,
      call,
    );
  if (!second.info.isReplay) fail('the method ran twice; its first outcome was not replayed', call);
  try {
    deepStrictEqual(second.outcome, first.outcome);
  } catch (difference) {
    const { message, actual, expected } = difference as AssertionError;
    throw new AssertionError({
      message: `assertReplays: the replay differs from the method's outcome; list its classes in the option \`classes\`, or return plain data\n${message}`,
      actual,
      expected,
      operator: 'deepStrictEqual',
      stackStartFn: assertReplays,
    });
  }
  if ('error' in second.outcome) throw second.outcome.error;
  return second.outcome.value as Awaited<T>;
}

async function makeCall(
  call: () => unknown,
): Promise<{ readonly outcome: CallOutcome; readonly info: ReplayInfo | undefined }> {
  try {
    const info = await withReplayInfo(call);
    return { outcome: { value: info.value }, info };
  } catch (error) {
    return { outcome: { error }, info: replayInfoOf(error) };
  }
}

function fail(what: string, stackStartFn: () => unknown, outcome?: CallOutcome): never {
  // The call's own error says why it failed, so the assertion has it as its cause.
  const error = outcome && 'error' in outcome ? outcome.error : undefined;
  const assertion = new AssertionError({ message: `assertReplays: ${what}`, stackStartFn });
  throw error === undefined ? assertion : Object.assign(assertion, { cause: error });
}
