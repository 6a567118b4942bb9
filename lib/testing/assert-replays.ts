import { AssertionError, deepStrictEqual } from 'node:assert';
import { replayInfoOf, withReplayInfo } from '../decorator/with-replay-info.js';
import type { ReplayInfo } from '../engine/execution/replay-info.js';

type Answer = { readonly value: unknown } | { readonly error: unknown };

/**
 * Makes a call twice, and asserts that its method ran the first time alone and that both got equal outcomes: that two equal
 * requests have one key, and that what is kept of the outcome comes back as it was. Resolves to the value.
 *
 * @example await assertReplays(() => service.placeHold(request));
 *
 * @throws {AssertionError} where the method ran never or twice, or the outcomes differ.
 */
export async function assertReplays<T>(call: () => T): Promise<Awaited<T>> {
  const first = await made(call);
  if (!first.info || first.info.source === 'none')
    fail('the first call got no outcome that is recorded', call, first.answer);
  if (first.info.isReplay)
    fail('the first call was a replay already; make it with a request of its own, or clear the store', call);
  const second = await made(call);
  if (!second.info || second.info.source === 'none')
    fail('the second call got no outcome', call, second.answer);
  if (second.info.key !== first.info.key)
    fail(
      `the second call has another key, ${second.info.key} after ${first.info.key}; let \`key\` select what two equal requests have in common`,
      call,
    );
  if (!second.info.isReplay) fail('the method ran twice; its outcome was not kept', call);
  try {
    deepStrictEqual(second.answer, first.answer);
  } catch (difference) {
    const { message, actual, expected } = difference as AssertionError;
    throw new AssertionError({
      message: `assertReplays: the replay differs from what the method gave; list the classes in it in the option \`classes\`, or return plain data\n${message}`,
      actual,
      expected,
      operator: 'deepStrictEqual',
      stackStartFn: assertReplays,
    });
  }
  if ('error' in second.answer) throw second.answer.error;
  return second.answer.value as Awaited<T>;
}

async function made(
  call: () => unknown,
): Promise<{ readonly answer: Answer; readonly info: ReplayInfo | undefined }> {
  try {
    const info = await withReplayInfo(call);
    return { answer: { value: info.value }, info };
  } catch (error) {
    return { answer: { error }, info: replayInfoOf(error) };
  }
}

function fail(what: string, stackStartFn: () => unknown, answer?: Answer): never {
  // What it was refused with says more than that it was.
  const error = answer && 'error' in answer ? answer.error : undefined;
  const assertion = new AssertionError({ message: `assertReplays: ${what}`, stackStartFn });
  throw error === undefined ? assertion : Object.assign(assertion, { cause: error });
}
