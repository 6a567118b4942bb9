import { type HeaderLine, type RecordedResponse, recordedResponse } from './recorded-response.js';

/** Why a body that has more bytes than are recorded is not recorded. */
export const tooLong = (maxBody: number) => `its body has more than ${maxBody} bytes (\`maxBody\`)`;

/** Collects the bytes of a response's body, as long as there are no more than are recorded. */
export class BodyRecording {
  #chunks: Uint8Array[] | undefined = [];
  #length = 0;

  constructor(readonly maxBody: number) {}

  /** How many bytes there were. */
  get length(): number {
    return this.#length;
  }

  /** Whether all bytes so far are recorded. */
  get isWhole(): boolean {
    return this.#chunks !== undefined;
  }

  /** Takes a copy, since the handler may use its buffer again. */
  add(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#length += chunk.byteLength;
    if (this.#length > this.maxBody) this.#chunks = undefined;
    this.#chunks?.push(Uint8Array.prototype.slice.call(chunk));
  }

  /** Returns the response to record, or why it is not recorded. */
  recorded(
    status: number,
    headers: readonly HeaderLine[],
    isStream: boolean,
  ): { readonly recorded: RecordedResponse } | { readonly unrecorded: string } {
    if (!this.#chunks) return { unrecorded: tooLong(this.maxBody) };
    const body = this.#length === 0 && !isStream ? undefined : Buffer.concat(this.#chunks);
    return { recorded: recordedResponse(status, headers, body, isStream) };
  }
}
