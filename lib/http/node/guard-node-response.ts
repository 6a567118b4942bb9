import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GuardedAnswer, HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import { ResponseExchange } from './response-exchange.js';
import { sendAnswer } from './send-answer.js';

/** One request of a framework whose handlers write to Node's `ServerResponse`. */
export interface NodeCall<R> {
  readonly guard: HttpGuard<R>;
  readonly request: GuardedRequest;
  /** The framework's request, and what else options that are functions get. */
  readonly args: readonly [R, ...unknown[]];
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /**
   * Calls the handler, in its execution. It may return before the response has ended, or resolve; what it throws or rejects with is an
   * error of the handler.
   */
  readonly handle: () => unknown;
  /** Gets an error that the framework answers. Nothing has been sent, unless the handler failed after the end of its response. */
  readonly fail: (error: unknown) => void;
  /**
   * Whether the handler has begun, and not only what stands between it and the guard. It is asked when the response has ended. Default: it
   * has.
   */
  readonly hasRun?: () => boolean;
  /** Is told why the request was refused, once that is sent. */
  readonly refused?: (error: unknown) => void;
}

/**
 * Makes a guarded request, and answers it: with what the handler writes to the response, as soon as that may be sent, with a recorded
 * response, or with a problem. Resolves when the answer has been handed to Node.js, to where it is from. Never rejects.
 *
 * It needs a response that no guard has taken: see `isOwned`.
 */
export async function guardNodeResponse<R>(call: NodeCall<R>): Promise<GuardedAnswer['from']> {
  const { guard, request, args, req, res, handle, fail, hasRun, refused } = call;
  const exchange = new ResponseExchange(req, res);
  const { maxBody } = guard;
  const run = () => exchange.run({ handle, fail, maxBody });
  const runToHandler = async () => {
    const made = await run();
    return hasRun?.() === false ? { ...made, hasRun: false } : made;
  };
  const answer = await guard.perform(request, args, hasRun ? runToHandler : run);
  if (answer.from === 'handler') exchange.send();
  else if (exchange.replace()) {
    if (answer.from === 'error') fail(answer.error);
    else sendAnswer(res, answer, fail);
  }
  if (answer.from === 'guard') refused?.(answer.error);
  return answer.from;
}
