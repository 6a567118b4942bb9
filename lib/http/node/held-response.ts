import type { ServerResponse } from 'node:http';
import type { MadeResponse } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { applyHead, type GivenHeaders } from './apply-head.js';
import { type Chunk, ignored, isChunk, type Written } from './chunks.js';
import { HeldBody } from './held-body.js';
import { type Head, headOf, holdEnd, holdHead, releaseEnd, releaseHead } from './held-head.js';
import { native } from './native-response.js';
import { type FoundMethods, handBack, takeOver } from './own-methods.js';
import { resetHead } from './response-lines.js';
import type { ResponseOwner } from './response-owner.js';

/** Hears what becomes of a response. */
export interface ResponseListener {
  /** Its handler has ended it. */
  ended(made: MadeResponse): void;
  /** Its handler has destroyed it. */
  broken(error: Error): void;
}

/**
 * Holds what a handler makes until it may be sent: all of a response that ends at once; of one that is written in parts its end, and
 * what completes a body whose length the client knows.
 */
export class HeldResponse implements ResponseOwner {
  /** Whether the head has been sent. */
  isStreaming = false;
  /** After `open`, what the handler has ended is sent, and what it has not ended is abandoned. Another answer can be sent in place of either. */
  state: 'open' | 'ended' | 'abandoned' | 'replaced' | 'sent' = 'open';
  readonly #body: HeldBody;
  readonly #found: FoundMethods;
  #head: Head | undefined;

  constructor(
    readonly res: ServerResponse,
    /** The headers that stood before the guard. */
    readonly before: readonly HeaderLine[],
    maxBody: number,
    readonly listener: ResponseListener,
  ) {
    this.#body = new HeldBody(maxBody);
    this.#found = takeOver(res, this);
  }

  write(chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written): boolean {
    if (typeof encoding === 'function') return this.write(chunk, undefined, encoding);
    const { res, state } = this;
    if (this.#isOver) return ignored(callback);
    if (state === 'replaced') return this.#found.write.call(res, chunk as Chunk, encoding, callback);
    // Node.js says what is wrong.
    if (state !== 'open' || !isChunk(chunk))
      return native().write.call(res, chunk, encoding as BufferEncoding, callback);
    const head = this.#makeHead();
    // Without a body, Node.js ignores what is written.
    if (!head.hasBody || this.#body.takes(chunk, encoding, head)) return ignored(callback);
    this.#begin();
    // A client that is gone is no error of the handler.
    const written = callback && ((error?: Error | null) => callback(res.destroyed ? error : null));
    return this.#found.write.call(res, chunk, encoding, written);
  }

  end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): ServerResponse {
    if (typeof chunk === 'function') return this.end(undefined, undefined, chunk as () => void);
    if (typeof encoding === 'function') return this.end(chunk, undefined, encoding);
    const { res, state } = this;
    if (this.#isOver) ignored(callback);
    else if (state === 'replaced') this.#found.end.call(res, chunk, encoding, callback);
    else if (state !== 'open') native().end.call(res, chunk, encoding as BufferEncoding, callback);
    else if (chunk && !isChunk(chunk)) native().write.call(res, chunk, encoding as BufferEncoding);
    else this.#end((chunk as Chunk) || undefined, encoding, callback);
    return res;
  }

  writeHead(status: number, reason?: string | GivenHeaders, headers?: GivenHeaders): ServerResponse {
    const { res, state } = this;
    if (state === 'abandoned') return res;
    if (this.isStreaming || state === 'replaced')
      return this.#found.writeHead.call(res, status, reason, headers);
    applyHead(res, status, reason, headers);
    this.#head = headOf(res);
    holdHead(res);
    return res;
  }

  flushHeaders(): void {
    const { res, state } = this;
    if (state === 'replaced') return this.#found.flushHeaders.call(res);
    if (state !== 'open') return;
    const { hasBody, length } = this.#makeHead();
    // Without a body, the head is all of the response.
    if (!hasBody || length === 0) return;
    this.#begin();
    this.#found.flushHeaders.call(res);
  }

  destroy(error?: Error): ServerResponse {
    if (this.#isOver) return this.res;
    if (this.abandon()) this.listener.broken(error ?? new Error('its handler destroyed the response'));
    return this.destroyNow(error);
  }

  /** Ignores what the handler does from now on, unless it has ended the response. Returns whether it had not. */
  abandon(): boolean {
    const isOpen = this.state === 'open';
    if (isOpen) this.state = 'abandoned';
    return isOpen;
  }

  destroyNow(error?: Error): ServerResponse {
    return this.#found.destroy.call(this.res, error);
  }

  /** Sends what was held. */
  send(): void {
    const { res } = this;
    this.#release('sent');
    handBack(res, this.#found);
    if (res.destroyed) return;
    if (!this.isStreaming) releaseHead(res, this.#head);
    this.#body.sendTo(res);
  }

  /** Lets another answer be sent. The methods stay: a handler that goes on after it must neither write to it nor wait for it. */
  replace(): void {
    const { res } = this;
    this.#release('replaced');
    releaseHead(res);
    resetHead(res, this.before);
  }

  get #isOver(): boolean {
    const { res, state } = this;
    return state === 'abandoned' || (state === 'replaced' && (res.writableEnded || res.destroyed));
  }

  #end(chunk: Chunk | undefined, encoding: BufferEncoding | undefined, callback?: () => void): void {
    const { res } = this;
    const head = this.#makeHead();
    this.#body.end(chunk, encoding, head);
    this.state = 'ended';
    holdEnd(res);
    // Before `finish` or after it: that differs between versions of Node.js.
    if (typeof callback === 'function') native().end.call(res, undefined, 'utf8', callback);
    this.listener.ended(this.#body.made(head, this.before, this.isStreaming));
  }

  /** Makes the head through the methods that middleware has put on the response: some add headers at the last moment. */
  #makeHead(): Head {
    const { res } = this;
    if (!this.#head && !res.headersSent) res.writeHead(res.statusCode);
    // Something has made it past the methods here, and Node.js has not sent it.
    this.#head ??= headOf(res);
    return this.#head;
  }

  /** Begins to send. Node.js makes the head with what is sent first. */
  #begin(): void {
    if (this.isStreaming) return;
    this.isStreaming = true;
    releaseHead(this.res, this.#head);
    handBack(this.res, this.#found, ['writeHead']);
  }

  #release(state: 'sent' | 'replaced'): void {
    if (this.state === 'ended') releaseEnd(this.res);
    this.state = state;
  }
}
