import { kindOfData } from '../../options/wrong-option.js';
import type { BodyRecording } from '../core/body-recording.js';

/** What there was of a body when its handler returned. */
export interface Begun {
  readonly parts: readonly Uint8Array[];
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** More parts than this are no whole: to read on would keep the process from everything else. */
const MOST_PARTS_AT_ONCE = 1_000;

const LATER = Symbol();
const encoder = new TextEncoder();

/** The body of a handler's response. What is read of it is recorded. */
export class BodyParts {
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  /** A part that has been asked for, and has not come. */
  #pending: Promise<Uint8Array | undefined> | undefined;

  constructor(
    body: ReadableStream<unknown>,
    readonly recording: BodyRecording,
  ) {
    this.#reader = body.getReader();
  }

  /** Resolves to the next part, or to nothing at the end. Rejects where the body breaks. */
  next(): Promise<Uint8Array | undefined> {
    const next = this.#pending ?? this.#read();
    this.#pending = undefined;
    return next;
  }

  /**
   * Reads what is there in this turn of the event loop, as far as it is recorded. A first part that is longer is in memory already, and
   * may be all there is.
   */
  async atOnce(): Promise<Begun> {
    const parts: Uint8Array[] = [];
    const turn = new Promise<typeof LATER>((resolve) => setImmediate(resolve, LATER));
    while (parts.length < MOST_PARTS_AT_ONCE && (this.recording.isWhole || parts.length === 1)) {
      const pending = this.#read();
      const part = await Promise.race([pending, turn]);
      if (part === undefined) return { parts, isWhole: true };
      if (part === LATER) {
        this.#pending = pending;
        break;
      }
      parts.push(part);
    }
    return { parts, isWhole: false };
  }

  /** Tells the handler that nobody reads on. Never rejects. */
  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason).catch(() => {});
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read();
    if (done) return undefined;
    const bytes = bytesOf(value);
    this.recording.add(bytes);
    return bytes;
  }
}

/** Servers send a text as UTF-8, though a body of fetch has bytes alone. */
function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (typeof part === 'string') return encoder.encode(part);
  throw new TypeError(
    `the body of the response has a part that is ${kindOfData(part)}; expected a Uint8Array`,
  );
}
