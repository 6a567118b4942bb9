import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GuardedAnswer } from '../core/guard.js';
import type { MadeResponse } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { deferred } from './deferred.js';
import { replyLines } from './header-lines.js';
import { OwnAnswer } from './own-answer.js';
import { RawReply } from './raw-reply.js';
import { type Stage, TIME_IS_UP } from './reply-stage.js';
import { type PassOn, SentPayload } from './sent-payload.js';
import { type Taken, takePayload } from './taken-reply.js';
import { unseenResponse } from './unseen-response.js';

const exchange = Symbol('retrysafe.exchange');

type Exchanged = FastifyRequest & { [exchange]?: ReplyExchange };

/** Returns the exchange of a request that a guard has taken. */
export function exchangeOf(request: Exchanged): ReplyExchange | undefined {
  return request[exchange];
}

/** A request's way from what its handler sends to what its client gets. */
export class ReplyExchange {
  stage: Stage = 'running';
  readonly #before: readonly HeaderLine[];
  readonly #taken = deferred<Taken>();
  #sent: SentPayload | undefined;
  #raw: RawReply | undefined;
  /** An answer that is not the handler's, on its way through the hooks before the guard's. */
  #own: OwnAnswer | undefined;
  #hasRun = false;
  #hasFailed = false;
  #isLate = false;
  readonly #afterwards: (() => void)[] = [];

  constructor(
    /** The registration of the plugin that guards it. */
    readonly owner: object,
    /** The route, in messages. */
    readonly title: string,
    readonly reply: FastifyReply,
    readonly maxBody: number,
  ) {
    this.#before = replyLines(reply);
    (reply.request as Exchanged)[exchange] = this;
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
    this.#sent?.break(error);
  }

  /** The handler failed after it had begun to send. */
  broke(error: unknown): void {
    if (this.stage === 'raw') this.#raw?.fail(error);
    else if (this.stage === 'late') this.giveUp(error);
    else this.#sent?.break(error);
  }

  /** The handler's response will never be known. Its key is completed without an outcome. */
  takeUnseen(status: number, why: string): void {
    this.#taken.resolve({
      payload: undefined,
      made: () => ({ status, headers: [], unrecorded: why }),
    });
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
      this.#sent?.leave();
      return pass();
    }
    const own = this.#own;
    this.#own = undefined;
    if (this.stage === 'running') this.#take(payload, pass);
    else if (own && !this.#hasFailed) pass(null, own.passed(this.reply, payload) ?? null);
    else if (this.stage === 'settled' && this.#hasFailed && !this.reply.raw.headersSent) pass();
    else this.reply.log.warn(`${this.title}: a second response was sent for one request; it is dropped`);
  }

  #take(payload: unknown, pass: PassOn): void {
    const { reply, maxBody } = this;
    const taken = takePayload(payload, { reply, before: this.#before, maxBody });
    // Fastify says what is wrong with it.
    if (!taken) return pass();
    this.stage = 'sent';
    const sent = new SentPayload(reply, pass);
    this.#sent = sent;
    const begin = (begun: Taken) => {
      this.#taken.resolve(begun);
      sent.begin(begun);
    };
    if (taken instanceof Promise) taken.then(begin, (error) => this.giveUp(error));
    else begin(taken);
  }

  /**
   * Something is about to be written to Node's `ServerResponse`. Returns whether that is the handler, which then writes all of the
   * response. To be called in its run.
   */
  writes(): boolean {
    if (this.stage !== 'running') return false;
    const { reply, maxBody } = this;
    // Fastify writes by itself where its error handling has failed, too.
    if (this.#hasFailed) {
      this.stage = this.#isLate ? 'late' : 'settled';
      if (!this.#isLate) this.takeUnseen(reply.raw.statusCode, 'Fastify sent it after a failure');
      return false;
    }
    if (reply.request.raw.httpVersionMajor > 1) throw unseenResponse(this.title);
    this.stage = 'raw';
    const raw = new RawReply(reply, this.#before, maxBody);
    this.#raw = raw;
    this.#taken.resolve({ payload: undefined, made: () => raw.made });
    return true;
  }

  /**
   * Sends what is to be sent now that it is known what became of the request.
   *
   * @param fail Hands an error to Fastify in place of a response.
   */
  settle(answer: GuardedAnswer, fail: (error: unknown) => void): void {
    const { stage } = this;
    if (stage !== 'late') this.stage = 'settled';
    if (stage === 'sent') this.#sent?.settle(answer, this.#before);
    else if (stage === 'raw') this.#raw?.settle(answer);
    else if (stage === 'running') this.#replace(answer, fail);
    for (const call of this.#afterwards) call();
  }

  /** Sends an answer in place of the handler's. */
  #replace(answer: GuardedAnswer, fail: (error: unknown) => void): void {
    if (answer.from === 'error') return fail(answer.error);
    if (answer.from === 'handler') return;
    this.#own = new OwnAnswer(answer, this.#hasRun ? this.#before : undefined);
    this.#own.send(this.reply);
  }

  /**
   * Calls back when the response is sent, as far as its handler can tell.
   *
   * @param onSettled Called in its place after an error, when it is known what became of the request: Fastify's error handling sends again
   * where nothing has been sent.
   */
  whenSent(onSent: () => void, onSettled: () => void): void {
    if (this.stage === 'settled' || this.stage === 'late') onSettled();
    else if (this.stage === 'running' || this.#hasFailed) this.#afterwards.push(onSettled);
    else onSent();
  }
}
