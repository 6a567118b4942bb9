import { AsyncResource } from 'node:async_hooks';
import { finished, Readable, Writable } from 'node:stream';
import { BodyRecording } from '../core/body-recording.js';
import type { GuardedAnswer } from '../core/guard.js';
import { deferred } from './deferred.js';

/** What Fastify takes for a stream. */
export interface Source extends NodeJS.ReadableStream {
  destroy?(error?: unknown): void;
}

/** A handler's stream on its way to a client, who may be slow, or gone. */
export class ReplyStream {
  /** What Fastify sends. It does not end before `settle`. */
  readonly out: Readable;
  readonly recording: BodyRecording;
  readonly #ended = deferred<void>();
  /** Asks the handler's stream for more. */
  #wake: (() => void) | undefined;
  #isGone = false;
  /** The last part of a body whose length the client knows: with it the client has everything. */
  #held: Buffer[] = [];

  constructor(
    readonly source: Source,
    maxBody: number,
    /** How many bytes the client was told to expect. */
    readonly length: number | undefined,
  ) {
    this.recording = new BodyRecording(maxBody);
    // It may break before it is waited for.
    this.#ended.promise.catch(() => {});
    finished(source, { writable: false }, (error) => error && this.fail(error));
    this.out = new Readable({
      read: () => this.#goOn(),
      destroy: (error, done) => {
        this.leave();
        done(error);
      },
    });
    // Fastify looks at it only once all hooks have passed it on.
    this.out.on('error', () => {});
  }

  /** Reads the handler's stream, in the context of its run. Resolves when that has ended, and rejects where it broke. */
  flow(): Promise<void> {
    const sink = new Writable({
      write: (chunk, _encoding, done) => this.#send(chunk, done),
      final: (done) => {
        done();
        this.#ended.resolve();
      },
    });
    sink.on('error', (error) => this.fail(error));
    this.source.pipe(sink);
    return this.#ended.promise;
  }

  /** Nobody reads it any longer. The handler goes on to its end. */
  leave(): void {
    this.#isGone = true;
    this.#held = [];
    this.#goOn();
  }

  /** The handler's stream is given up. */
  fail(error: unknown): void {
    this.#ended.reject(error);
    this.source.unpipe();
    this.source.destroy?.(error);
  }

  /** Sends the end, now that it is known what became of the request. */
  settle(answer: GuardedAnswer): void {
    if (this.#isGone) return;
    if (answer.from !== 'handler') {
      const error = 'error' in answer ? answer.error : new Error('another request has taken over');
      this.out.destroy(error as Error);
      return;
    }
    for (const chunk of this.#held) this.out.push(chunk);
    this.out.push(null);
  }

  #goOn(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #send(chunk: Buffer, done: () => void): void {
    this.recording.add(chunk);
    if (this.#isGone) return done();
    if (this.length !== undefined && this.recording.length >= this.length) {
      this.#held.push(chunk);
      return done();
    }
    if (this.out.push(chunk)) return done();
    // The client's connection asks for more, in a context that is not the run's.
    this.#wake = AsyncResource.bind(done);
  }
}
