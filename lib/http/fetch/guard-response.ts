import { type CurrentExecution, currentExecution } from '../../engine/execution/execution.js';
import type { HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { ResponseExchange } from './response-exchange.js';
import { whileHeld } from './while-held.js';

/** One request of a framework whose handlers return a `Response`. */
export interface FetchCall<R> {
  readonly guard: HttpGuard<R>;
  readonly request: GuardedRequest;
  /** The framework's request, and what else options that are functions get. */
  readonly args: readonly [R, ...unknown[]];
  /** The headers that stood before the guard. They are not recorded, and a replay and a refusal have them, too. Default: none. */
  readonly before?: readonly HeaderLine[];
  /** Is told of work that may go on without its client, where a platform would end it. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Says why a response cannot be recorded, if it cannot. Default: each one can. */
  readonly whyUnrecorded?: (response: Response) => string | undefined;
  /** Calls the handler, in its execution. */
  readonly handle: (execution: CurrentExecution) => Response | Promise<Response>;
}

/** Makes a guarded request, and resolves to its response as soon as that may be sent. */
export function guardResponse<R>({
  guard,
  request,
  args,
  before = [],
  waitUntil,
  whyUnrecorded,
  handle,
}: FetchCall<R>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const exchange = new ResponseExchange(guard.maxBody, before, { resolve, reject });
    const answer = guard.perform(request, args, async () => {
      const execution = currentExecution();
      const response = await handled(handle, execution);
      const unrecorded = whyUnrecorded?.(response);
      return unrecorded === undefined
        ? exchange.take(response, execution)
        : exchange.pass(response, unrecorded);
    });
    const settled = answer.then((known) => exchange.settle(known)).catch(reject);
    waitUntil?.(settled);
  });
}

/** Resolves to the handler's response, unless the claim is lost before that: then nobody reads the response. */
function handled(handle: FetchCall<unknown>['handle'], execution: CurrentExecution): Promise<Response> {
  const handling = Promise.resolve(handle(execution));
  return new Promise((resolve, reject) => {
    // A signal is made when it is asked for. Many handlers return within this turn, and need none.
    const watching = setImmediate(() => {
      const { signal } = execution;
      whileHeld(handling, signal).catch((error) => {
        reject(error);
        handling.then((response) => response?.body?.cancel(error)).catch(() => {});
      });
    });
    handling.then(resolve, reject).finally(() => clearImmediate(watching));
  });
}
