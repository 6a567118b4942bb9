import type { FastifyReply } from 'fastify';
import type { GuardedAnswer } from '../core/guard.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { OwnAnswer } from './own-answer.js';
import type { Taken } from './taken-reply.js';

/** Passes a payload on to the hooks after the guard's, and to the client. Without a payload, it passes on what it got. */
export type PassOn = (error?: Error | null, payload?: unknown) => void;

/** What a handler has sent, on its way from the guard's hook to those after it. A stream passes up to its end, a whole response waits. */
export class SentPayload {
  #taken: Taken | undefined;
  /** Whether its client has got something else. */
  #isLeft = false;
  #isGivenUp = false;

  constructor(
    readonly reply: FastifyReply,
    readonly pass: PassOn,
  ) {}

  /** It is known what it is: at once, but for a fetch `Response`. */
  begin(taken: Taken): void {
    const { stream, payload } = taken;
    const { raw } = this.reply;
    this.#taken = taken;
    if (!stream) return;
    if (this.#isGivenUp) return stream.fail(new Error('its response was given up'));
    // A later hook may put something else in its place, and leave it unread.
    raw.once('close', () => stream.leave());
    if (this.#isLeft || raw.destroyed) stream.leave();
    if (!this.#isLeft) passOn(this.pass, payload);
  }

  /** Nobody reads it any longer. It is recorded. */
  leave(): void {
    this.#isLeft = true;
    this.#taken?.stream?.leave();
  }

  /** A stream breaks. A whole response has been sent, for its handler. */
  break(error: unknown): void {
    this.#taken?.stream?.fail(error);
  }

  /** Sends what is to be sent of it. */
  settle(answer: GuardedAnswer, before: readonly HeaderLine[]): void {
    if (this.#isLeft) return;
    this.#isGivenUp = answer.from !== 'handler';
    const { pass } = this;
    const { stream, payload } = this.#taken ?? {};
    if (stream) stream.settle(answer);
    else if (answer.from === 'handler') passOn(pass, payload ?? null);
    else if (answer.from === 'error') pass(answer.error as Error);
    else passOn(pass, new OwnAnswer(answer, before).applyTo(this.reply) ?? null);
  }
}

/** Passes a payload on. What Fastify throws while it sends belongs to its error handling, as where a hook is asynchronous. */
function passOn(pass: PassOn, payload: unknown): void {
  try {
    pass(null, payload);
  } catch (error) {
    pass(error as Error);
  }
}
