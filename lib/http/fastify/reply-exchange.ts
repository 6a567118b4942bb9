import type { FastifyReply } from 'fastify';
import { deferred } from '../core/deferred.js';
import type { GuardedAnswer } from '../core/guard.js';
import type { MadeResponse } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { replyLines } from './header-lines.js';
import { OwnAnswer } from './own-answer.js';
import { type PassOn, passOn } from './pass-on.js';
import { type Taken, takePayload } from './taken-reply.js';
import { unseenResponse } from './unseen-response.js';

/** The code of Fastify's error where a handler has not answered within `handlerTimeout`. */
export const TIME_IS_UP = 'FST_ERR_HANDLER_TIMEOUT';

/** Where a response is. */
type Stage =
  /** The handler has sent nothing. */
  | 'running'
  /** What the handler sent waits: for its beginning, or for its record. */
  | 'held'
  /** A stream is sent up to its end. */
  | 'streaming'
  /** Fastify has answered, since the handler's time was up. The handler is still at work. */
  | 'late'
  /** It is known what became of the request, and an answer is on its way. */
  | 'settled';

/** A request's way from what its handler sends to what its client gets. */
export class ReplyExchange {
  stage: Stage = 'running';
  readonly #before: readonly HeaderLine[];
  readonly #taken = deferred<Taken>();
  #held: { readonly pass: PassOn; readonly taken?: Taken } | undefined;
  /** An answer that is not the handler's, on its way through the hooks before the guard's. */
  #own: OwnAnswer | undefined;
  #hasRun = false;
  #hasFailed = false;
  #isLate = false;
  readonly #afterwards: (() => void)[] = [];

  constructor(
    /** The route, in messages. */
    readonly title: string,
    readonly reply: FastifyReply,
    readonly maxBody: number,
  ) {
    this.#before = replyLines(reply);
  }

  /** Resolves when the handler's response has ended, and rejects where it breaks, or is given up. To be called in the handler's run. */
  async response(): Promise<MadeResponse> {
    this.#hasRun = true;
    const taken = await this.#taken.promise;
    return taken.made();
  }

  /** The response is given up. Nothing more is sent of it. */
  giveUp(error: unknown): void {
    this.#taken.reject(error);
    this.#held?.taken?.stream?.fail(error);
  }

  /** The handler's response will never be known. Its key is completed without an outcome. */
  takeUnseen(status: number, why: string): void {
    this.#taken.resolve({ payload: undefined, made: () => ({ status, headers: [], unrecorded: why }) });
  }

  /** An error is on its way to Fastify's error handling. */
  failed(error: unknown): void {
    this.#hasFailed = true;
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (code === TIME_IS_UP && this.stage !== 'settled') this.#isLate = true;
  }

  /** Takes a payload that is sent. */
  send(payload: unknown, pass: PassOn): void {
    if (this.#isLate) {
      // The client gets Fastify's answer. What the handler has begun to send is recorded, and dropped.
      this.stage = 'late';
      this.#held?.taken?.stream?.leave();
      return pass();
    }
    const own = this.#own;
    this.#own = undefined;
    if (this.stage === 'running') this.#hold(payload, pass);
    else if (own && !this.#hasFailed) pass(null, own.passed(this.reply, payload) ?? null);
    else if (this.stage === 'settled' && this.#hasFailed && !this.reply.raw.headersSent) pass();
    else this.reply.log.warn(`${this.title}: a second response was sent for one request; it is dropped`);
  }

  #hold(payload: unknown, pass: PassOn): void {
    const taken = takePayload(payload, { reply: this.reply, before: this.#before, maxBody: this.maxBody });
    // Fastify says what is wrong with it.
    if (!taken) return pass();
    this.stage = 'held';
    this.#held = { pass };
    if (!(taken instanceof Promise)) return this.#begin(taken, pass);
    taken.then(
      (begun) => this.#begin(begun, pass),
      (error) => this.#taken.reject(error),
    );
  }

  #begin(taken: Taken, pass: PassOn): void {
    const { stream, payload } = taken;
    const { raw } = this.reply;
    this.#held = { pass, taken };
    this.#taken.resolve(taken);
    if (!stream) return;
    if (this.stage === 'settled') return stream.fail(new Error('the response was given up'));
    // A later hook may put something else in its place, and leave it unread.
    if (this.stage === 'late' || raw.destroyed) stream.leave();
    raw.once('close', () => stream.leave());
    if (this.stage === 'late') return;
    this.stage = 'streaming';
    passOn(pass, payload);
  }

  /**
   * Sends what is to be sent now that it is known what became of the request.
   *
   * @param fail Hands an error to Fastify in place of a response.
   */
  settle(answer: GuardedAnswer, fail: (error: unknown) => void): void {
    const { stage } = this;
    if (stage !== 'late') this.stage = 'settled';
    if (stage === 'streaming') this.#held?.taken?.stream?.settle(answer);
    else if (stage === 'held') this.#release(answer);
    else if (stage === 'running') this.#replace(answer, fail);
    for (const call of this.#afterwards) call();
  }

  #release(answer: GuardedAnswer): void {
    const { pass, taken } = this.#held as { readonly pass: PassOn; readonly taken?: Taken };
    if (answer.from === 'handler') return passOn(pass, taken?.payload ?? null);
    if (answer.from === 'error') return pass(answer.error as Error);
    passOn(pass, new OwnAnswer(answer, this.#before).applyTo(this.reply) ?? null);
  }

  /** Sends an answer in place of the handler's. */
  #replace(answer: GuardedAnswer, fail: (error: unknown) => void): void {
    if (answer.from === 'error') return fail(answer.error);
    if (answer.from === 'handler') return;
    this.#own = new OwnAnswer(answer, this.#hasRun ? this.#before : undefined);
    this.#own.send(this.reply);
  }

  /** Calls back when it is known what became of the request. */
  afterwards(call: () => void): void {
    if (this.stage === 'settled' || this.stage === 'late') call();
    else this.#afterwards.push(call);
  }

  /** The head of a response is about to be written. What was not sent by the reply cannot be recorded. */
  writes(): void {
    if (this.stage !== 'running') return;
    if (!this.#hasFailed) throw unseenResponse(this.title);
    // Fastify writes by itself where its error handling has failed, too.
    this.stage = this.#isLate ? 'late' : 'settled';
    if (!this.#isLate) this.takeUnseen(this.reply.raw.statusCode, 'it was not sent by `reply.send()`');
  }
}
