import type { HttpGuard } from '../core/guard.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { Hold } from './hold.js';
import { ResponseExchange } from './response-exchange.js';

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
  readonly handle: () => Response | Promise<Response>;
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
      const hold = new Hold();
      const response = await handled(handle, hold);
      const unrecorded = whyUnrecorded?.(response);
      return unrecorded === undefined ? exchange.take(response, hold) : exchange.pass(response, unrecorded);
    });
    const settled = answer.then((known) => exchange.settle(known)).catch(reject);
    waitUntil?.(settled);
  });
}

/** Resolves to the handler's response, unless its key is lost before that: then nobody reads the response. */
async function handled(handle: FetchCall<unknown>['handle'], hold: Hold): Promise<Response> {
  const handling = Promise.resolve(handle());
  try {
    return await hold.during(handling);
  } catch (error) {
    handling.then((response) => response?.body?.cancel(error)).catch(() => {});
    throw error;
  }
}
