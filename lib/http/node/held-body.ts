import type { ServerResponse } from 'node:http';
import { BodyRecording } from '../core/body-recording.js';
import type { MadeResponse } from '../core/guarded-request.js';
import { headersToRecord } from '../core/recorded-headers.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { bytesOf, type Chunk, keptPart, type Part } from './chunks.js';
import type { Head } from './held-head.js';

/** What a handler writes as the body of a response: recorded, and held as far as it completes the body for its client. */
export class HeldBody {
  readonly #recording: BodyRecording;
  readonly #held: Part[] = [];

  constructor(maxBody: number) {
    this.#recording = new BodyRecording(maxBody);
  }

  /** Takes a part. Returns whether it is held, since the client has all that it was told of with it. */
  takes(chunk: Chunk, encoding: BufferEncoding | undefined, { length }: Head): boolean {
    this.#recording.add(bytesOf(chunk, encoding));
    const isHeld = length !== undefined && this.#recording.length >= length;
    if (isHeld) this.#held.push(keptPart(chunk, encoding));
    return isHeld;
  }

  /** Takes the last part, which is held with the end. */
  end(chunk: Chunk | undefined, encoding: BufferEncoding | undefined, { hasBody }: Head): void {
    if (chunk !== undefined && hasBody) this.#recording.add(bytesOf(chunk, encoding));
    this.#held.push({ chunk, encoding });
  }

  /** Returns the response, once it has ended. */
  made({ status, lines, length }: Head, before: readonly HeaderLine[], isStreaming: boolean): MadeResponse {
    const headers = headersToRecord(lines, before);
    const isStream = isStreaming && length === undefined;
    return { status, headers, ...this.#recording.recorded(status, headers, isStream) };
  }

  /** Sends what is held, and ends the response. */
  sendTo(res: ServerResponse): void {
    const end = this.#held.pop();
    for (const { chunk, encoding } of this.#held) res.write(chunk, encoding as BufferEncoding);
    res.end(end?.chunk, end?.encoding as BufferEncoding);
  }
}
