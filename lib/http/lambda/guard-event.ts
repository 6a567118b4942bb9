import type { Method } from '../../engine/driver/prepared-call.js';
import { ConfigurationError } from '../../errors.js';
import { isObject } from '../../options/reading.js';
import type { HttpGuard } from '../core/guard.js';
import { httpEvent } from './http-event.js';
import { problemResult, type ReadResult, readResult, recordedResult } from './results.js';

/** One call of a handler: the event, the Lambda context, and the instance whose method it is. */
export interface HandlerCall {
  readonly method: Method;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

/**
 * Makes the request of an event at most once, and resolves to the result for Lambda. The handler is never given up: a function is stopped
 * as soon as its result is there, so what goes on would be stopped in its middle.
 *
 * @throws {ConfigurationError} for an event that is no HTTP request, and for a handler that streams its response.
 */
export async function guardEvent(
  guard: HttpGuard<unknown>,
  { method, self, args }: HandlerCall,
): Promise<unknown> {
  const { where } = guard.adapter;
  const { form, request } = httpEvent(args[0], where);
  if (args.slice(1).some(isWritable)) {
    throw new ConfigurationError(
      `${where}: the handler gets a stream for its response, which cannot be recorded; leave out \`awslambda.streamifyResponse\`, or the decorator`,
    );
  }
  if (!guard.concerns(request)) return method.apply(self, [...args]);
  let result: ReadResult | undefined;
  const run = async () => {
    result = readResult(await method.apply(self, [...args]), form, guard.maxBody);
    return result.made;
  };
  const answer = await guard.perform(request, args as readonly [unknown, ...unknown[]], run, self);
  switch (answer.from) {
    case 'handler':
      return result?.sent;
    case 'record':
      return recordedResult(answer.response, form, answer.isReplay);
    case 'guard':
      return problemResult(answer.problem, form);
    default:
      throw answer.error;
  }
}

function isWritable(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { write, end } = value as Readonly<Record<string, unknown>>;
  return typeof write === 'function' && typeof end === 'function';
}
