import type { GuardedAnswer } from '../core/guard.js';
import type { Begun, BodyParts } from './body-parts.js';
import type { Hold } from './hold.js';

/** The body of a streamed response on its way to a client, which may be slow, or gone. */
export class BodyStream {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** Whether the client waits for a part. */
  #isWanted = false;
  /** Whether nothing can be sent any more: the client is gone, or the body broke. */
  #isOver = false;
  #wake: () => void = () => {};
  /** The end of a body whose length the client knows: with it the client has everything. */
  #held: Uint8Array[] = [];

  constructor(
    readonly parts: BodyParts,
    /** How many bytes the client was told that there are. */
    readonly length: number | undefined,
  ) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isWanted = true;
          this.#wake();
        },
        // The handler goes on to its end.
        cancel: () => {
          this.#isOver = true;
          this.#held = [];
          this.#wake();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /**
   * Sends the handler's body as fast as the client takes it, and resolves when it has ended. All is read here, in the context of the run, so
   * that `currentExecution()` works in what makes the body.
   *
   * @throws what breaks the body, or why the key is lost.
   */
  async send(begun: Begun['parts'], hold: Hold): Promise<void> {
    try {
      for (const part of begun) this.#send(part);
      for (;;) {
        if (!this.#isWanted || this.#isOver) await hold.during(this.#turn());
        const part = await hold.during(this.parts.next());
        if (!part) break;
        // A client never has enough of nothing, so the process gets a turn here, too.
        if (part.byteLength === 0) await nextTurn();
        else this.#send(part);
      }
      if (this.length !== undefined && this.parts.recording.length < this.length)
        throw new TypeError('the body of the response is shorter than its Content-Length');
    } catch (error) {
      this.#break(error);
      void this.parts.cancel(error);
      throw error;
    }
  }

  /** Ends the body, now that it is known what became of the request. */
  settle(answer: GuardedAnswer): void {
    if (this.#isOver) return;
    if (answer.from !== 'handler')
      return this.#break('error' in answer ? answer.error : new Error('another request has taken over'));
    for (const part of this.#held) this.#controller.enqueue(part);
    this.#controller.close();
  }

  /** Resolves when the client wants more. With no client that slows the handler down, the process gets a turn between two parts. */
  #turn(): Promise<void> {
    if (this.#isOver) return nextTurn();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #send(part: Uint8Array): void {
    const { length } = this.parts.recording;
    if (this.length !== undefined && length > this.length)
      throw new TypeError('the body of the response is longer than its Content-Length');
    if (this.#isOver) return;
    if (length === this.length) {
      this.#held.push(part);
      return;
    }
    this.#isWanted = false;
    this.#controller.enqueue(part);
  }

  #break(error: unknown): void {
    // Servers take an error that is nothing for a good end.
    if (!this.#isOver) this.#controller.error(error ?? new Error('the body of the response broke'));
    this.#isOver = true;
    this.#held = [];
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
