import type { FastifyReply } from 'fastify';
import type { GuardedAnswer } from '../core/guard.js';
import type { MadeResponse } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { ResponseExchange } from '../node/response-exchange.js';
import { sendAnswer } from '../node/send-answer.js';
import { deferred } from './deferred.js';

/** A response that a handler writes to Node's `ServerResponse`, as after `reply.hijack()`. Fastify has no part in it. */
export class RawReply {
  readonly #exchange: ResponseExchange;
  readonly #failure = deferred<never>();
  /** Resolves when the handler has ended it. Rejects where that breaks, or the claim is lost before. */
  readonly made: Promise<MadeResponse>;

  /** @param before The headers that stood before the guard, on the reply or below it. */
  constructor(
    readonly reply: FastifyReply,
    before: readonly HeaderLine[],
    maxBody: number,
  ) {
    const { raw, request } = reply;
    this.#exchange = new ResponseExchange(request.raw, raw);
    this.made = this.#exchange.run({
      handle: () => this.#failure.promise,
      // It is in the log.
      fail: () => {},
      maxBody,
      before,
    });
  }

  /** The handler failed. */
  fail(error: unknown): void {
    this.#failure.reject(error);
  }

  settle(answer: GuardedAnswer): void {
    const exchange = this.#exchange;
    if (answer.from === 'handler') return exchange.send();
    if (!exchange.replace()) return;
    const destroy = (error: unknown) => exchange.destroy(error as Error);
    // Nobody else answers it.
    if (answer.from === 'error') return destroy(answer.error);
    sendAnswer(this.reply.raw, answer, destroy);
  }
}
