import type { CurrentExecution } from '../../engine/execution/execution.js';
import { kindOf } from '../../options/wrong-option.js';
import { BodyRecording } from '../core/body-recording.js';
import type { GuardedAnswer } from '../core/guard.js';
import type { MadeResponse } from '../core/guarded-request.js';
import { type Begun, type BodyReader, readAtOnce } from '../core/read-at-once.js';
import { headerIn, headersToRecord } from '../core/recorded-headers.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { problemResponse, replayedResponse } from './responses.js';

/** What is to happen with a response: how it is sent, and what is told to a client that waits for its end. */
interface Sending {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One request's way from the handler's `Response` to the one that is sent. A body that is there at once is whole: nothing of it is sent
 * before it is recorded. Any other is a stream: its parts are sent as they are made, and its end once it is recorded.
 */
export class ResponseExchange {
  readonly #recording: BodyRecording;
  /** A whole response, to be sent once it is recorded. */
  #whole: (() => Response) | undefined;
  #stream: BodyStream | undefined;

  constructor(
    maxBody: number,
    /** The headers that stood before the guard. */
    readonly before: readonly HeaderLine[],
    readonly sending: Sending,
  ) {
    this.#recording = new BodyRecording(maxBody);
  }

  /** Takes the handler's response, and resolves when it has ended. */
  async take(response: Response, execution: CurrentExecution): Promise<MadeResponse> {
    if (typeof response?.status !== 'number' || !response.headers)
      throw new TypeError(`the handler returned ${kindOf(response)}; expected a Response`);
    const { status, statusText, body } = response;
    const lines: readonly HeaderLine[] = [...response.headers];
    const headers = headersToRecord(lines, this.before);
    const init = { status, statusText, headers: response.headers };
    if (!body) {
      this.#whole = () => new Response(null, init);
      return { status, headers, ...this.#recording.recorded(status, headers, false) };
    }
    const reader = body.getReader();
    const begun = await readAtOnce(reader, this.#recording);
    if (begun.isDone) {
      this.#whole = () => new Response(joined(begun.chunks), init);
      return { status, headers, ...this.#recording.recorded(status, headers, false) };
    }
    const stream = new BodyStream(reader, begun, this.#recording, lengthIn(lines), execution);
    this.#stream = stream;
    this.sending.resolve(new Response(stream.readable, init));
    await stream.ended;
    return { status, headers, ...this.#recording.recorded(status, headers, lengthIn(lines) === undefined) };
  }

  /** Sends what is to be sent now that it is known what became of the request. */
  settle(answer: GuardedAnswer): void {
    if (this.#stream) return this.#stream.settle(answer);
    const { resolve, reject } = this.sending;
    if (answer.from === 'error') return reject(answer.error);
    if (answer.from === 'guard') return resolve(problemResponse(answer.problem));
    if (answer.from === 'record') return resolve(replayedResponse(answer.response, answer.isReplay));
    resolve((this.#whole as () => Response)());
  }
}

/** The body of a streamed response on its way to a client, who may be slow, or gone. */
class BodyStream {
  readonly readable: ReadableStream<Uint8Array>;
  /** Resolves when the handler's stream has ended, and rejects where it broke. */
  readonly ended: Promise<void>;
  #end!: () => void;
  #break!: (error: unknown) => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #pending: Begun['pending'];
  #isGone = false;
  /** Whether the handler's stream has ended, or broke. */
  #isOver = false;
  /** The last part of a body whose length the client knows: with it the client has everything. */
  #held: Uint8Array[] = [];
  /** How many chunks were sent. */
  #sent = 0;

  constructor(
    readonly reader: BodyReader,
    { chunks, pending }: Begun,
    readonly recording: BodyRecording,
    readonly length: number | undefined,
    { signal }: CurrentExecution,
  ) {
    this.#pending = pending;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#break = reject;
    });
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          for (const chunk of chunks) this.#send(chunk);
        },
        pull: () => this.#pull(),
        cancel: () => this.#drain(),
      },
      { highWaterMark: 0 },
    );
    signal.addEventListener('abort', () => this.#fail(signal.reason), { once: true });
    if (signal.aborted) this.#fail(signal.reason);
  }

  settle(answer: GuardedAnswer): void {
    if (this.#isGone) return;
    if (answer.from !== 'handler') {
      const error = 'error' in answer ? answer.error : new Error('another request has taken over');
      return this.#controller.error(error);
    }
    for (const chunk of this.#held) this.#controller.enqueue(chunk);
    this.#controller.close();
  }

  /** Reads until something can be sent. After the last chunk nothing can: `settle` closes the stream. */
  async #pull(): Promise<void> {
    const sent = this.#sent;
    while (!this.#isOver && this.#sent === sent) await this.#readOne();
  }

  /** The client is gone. The handler goes on to its end. */
  async #drain(): Promise<void> {
    this.#isGone = true;
    this.#held = [];
    while (!this.#isOver) await this.#readOne();
  }

  async #readOne(): Promise<void> {
    try {
      const pending = this.#pending ?? this.reader.read();
      this.#pending = undefined;
      const read = await pending;
      if (read.done) {
        this.#isOver = true;
        return this.#end();
      }
      this.recording.add(read.value);
      this.#send(read.value);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(chunk: Uint8Array): void {
    if (this.#isGone) return;
    if (this.length !== undefined && this.recording.length >= this.length) {
      this.#held.push(chunk);
      return;
    }
    this.#sent += 1;
    this.#controller.enqueue(chunk);
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#break(error);
    if (!this.#isGone) this.#controller.error(error);
    this.#isGone = true;
    this.reader.cancel(error).catch(() => {});
  }
}

function lengthIn(lines: readonly HeaderLine[]): number | undefined {
  const value = headerIn(lines, 'content-length');
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Buffer.concat(chunks) as Uint8Array<ArrayBuffer>;
}
