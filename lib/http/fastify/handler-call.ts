import { type Execution, executions } from '../../engine/execution/execution.js';
import { isThenable } from '../core/after.js';
import type { MadeResponse } from '../core/guarded-request.js';
import { deferred } from './deferred.js';
import type { ReplyExchange } from './reply-exchange.js';
import { setTraps } from './reply-traps.js';

/** Why a handler whose time was up has no outcome. */
const LATE = 'its handler ended after Fastify had answered for it (`handlerTimeout`)';

/** A call of a route's handler, in its run. */
export class HandlerCall {
  readonly #result = deferred<unknown>();

  constructor(
    readonly exchange: ReplyExchange,
    /** Whether Fastify answers where the handler has not after some time. */
    readonly hasTimeLimit: boolean,
  ) {}

  /** Settles with what Fastify is to send for the handler, or with what it threw. Never, where the handler sends its response itself. */
  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  /** Calls the handler, and resolves when its response has ended. */
  async run(handle: () => unknown): Promise<MadeResponse> {
    const { exchange } = this;
    if (exchange.stage !== 'running')
      throw new Error(`${exchange.title}: the request was answered before its handler was called`);
    const execution = executions.getStore() as Execution;
    execution.whenLost((loss) => exchange.giveUp(loss));
    setTraps(exchange, execution, this.hasTimeLimit);
    this.#call(handle);
    return exchange.response();
  }

  /** Hands an error to Fastify's error handling. */
  fail(error: unknown): void {
    this.#result.reject(error);
  }

  #call(handle: () => unknown): void {
    let result: unknown;
    try {
      result = handle();
    } catch (error) {
      return this.#failed(error);
    }
    // Such a handler sends its response itself, now or later.
    if (result === undefined || result === this.exchange.reply) return;
    if (isThenable(result))
      result.then(
        (value) => this.#returned(value),
        (error) => this.#failed(error),
      );
    else this.#returned(result);
  }

  #returned(value: unknown): void {
    const { stage, reply, title } = this.exchange;
    if (stage === 'late') return this.exchange.takeUnseen(200, LATE);
    if (stage !== 'running') {
      if (value !== undefined)
        reply.log.warn(`${title}: the handler returned a value after its response; it is dropped`);
    } else if (value === undefined) reply.send();
    else this.#result.resolve(value);
  }

  #failed(error: unknown): void {
    const { exchange } = this;
    if (exchange.stage === 'running') return this.#result.reject(error);
    exchange.reply.log.error({ err: error }, `${exchange.title}: the handler failed after its response`);
    exchange.broke(error);
  }
}
