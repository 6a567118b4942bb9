import { type CurrentExecution, currentExecution } from '../../engine/execution/execution.js';
import type { HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { ResponseExchange } from './response-exchange.js';

/** One request of a framework whose handlers return a `Response`. */
export interface FetchCall<R> {
  readonly guard: HttpGuard<R>;
  readonly request: GuardedRequest;
  /** The framework's request, and what else options that are functions get. */
  readonly args: readonly [R, ...unknown[]];
  /** The headers that stood before the guard. Default: none. */
  readonly before?: readonly HeaderLine[];
  /** Calls the handler, in its execution. */
  readonly handle: (execution: CurrentExecution) => Response | Promise<Response>;
}

/** Makes a guarded request, and resolves to its response as soon as that may be sent. */
export function guardResponse<R>({
  guard,
  request,
  args,
  before = [],
  handle,
}: FetchCall<R>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const exchange = new ResponseExchange(guard.maxBody, before, { resolve, reject });
    const answer = guard.perform(request, args, async () => {
      const execution = currentExecution();
      return exchange.take(await handle(execution), execution);
    });
    answer.then((known) => exchange.settle(known)).catch(reject);
  });
}
