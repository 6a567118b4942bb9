import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { GuardedAnswer } from '../core/guard.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { REPLAYED } from '../core/replayed-header.js';
import { resetLines, setLines } from './header-lines.js';
import { isStream, recordedPayload } from './payloads.js';

/** An answer that the handler of this request did not make. */
export class OwnAnswer {
  #payload: Readable | Buffer | undefined;
  #hasType = false;

  constructor(
    readonly answer: Extract<GuardedAnswer, { readonly from: 'record' } | { readonly from: 'guard' }>,
    /** The headers that stood before the guard, where a handler may have set others since. */
    readonly before: readonly HeaderLine[] | undefined,
  ) {}

  /** Gives a reply the status and headers, and returns the payload: bytes, since Fastify changes the type of a text. */
  applyTo(reply: FastifyReply): Readable | Buffer | undefined {
    const { answer, before } = this;
    if (before) resetLines(reply, before);
    if (answer.from === 'guard') {
      const { status, headers, body } = answer.problem;
      reply.code(status).headers(headers);
      return Buffer.from(JSON.stringify(body), 'utf8');
    }
    reply.code(answer.response.status);
    setLines(reply, answer.response.headers);
    if (answer.isReplay) reply.header(REPLAYED, 'true');
    return recordedPayload(answer.response);
  }

  /** Sends it as a handler does. */
  send(reply: FastifyReply): void {
    this.#payload = this.applyTo(reply);
    this.#hasType = reply.hasHeader('content-type');
    reply.send(this.#payload);
  }

  /**
   * Returns what of it is to pass the guard's hook. Hooks before the guard's have changed a body before it was recorded, so what they make of it now is
   * not it.
   */
  passed(reply: FastifyReply, payload: unknown): unknown {
    const { answer } = this;
    // Bytes without a type get one.
    if (!this.#hasType) reply.removeHeader('content-type');
    if (answer.from === 'guard' || payload === this.#payload) return payload;
    if (isStream(payload)) payload.destroy?.();
    reply.code(answer.response.status);
    return recordedPayload(answer.response);
  }
}
