import { isUtf8 } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { withBytes } from '../../outcome/with-bytes.js';

/** The name and value of one header line. */
export type HeaderLine = readonly [name: string, value: string];

/** A response as it is recorded: plain JSON, readable in a store's console, but for bytes that are no text. */
export interface RecordedResponse {
  readonly status: number;
  /** In the order in which they were set. The name of a header with several lines occurs several times. */
  readonly headers: readonly HeaderLine[];
  /** The body, if it is text. A response without a body has neither. */
  readonly text?: string;
  /** Any other body. */
  readonly bytes?: Uint8Array;
  /** Whether it was sent in parts, of which the client was not told how many bytes there are. */
  readonly isStream?: true;
}

/** Returns a response as it is recorded. It has a copy of the body. */
export function recordedResponse(
  status: number,
  headers: readonly HeaderLine[],
  body: Uint8Array | undefined,
  isStream: boolean,
): RecordedResponse {
  const head = { status, headers, ...(isStream && { isStream }) };
  if (body === undefined) return head;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Node.js drops a byte order mark nowhere in this, so that the text has every byte.
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  return text !== undefined && !controls.test(text)
    ? { ...head, text }
    : withBytes(head, new Uint8Array(bytes));
}

/**
 * What no text has. Bytes may have it and be UTF-8 all the same, such as those of a bitmap that is mostly black: JSON would write each
 * as six characters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

/** Returns the bytes of a recorded body, or `undefined` where there was none. */
export function bodyOf({ text, bytes }: RecordedResponse): Buffer | undefined {
  if (text !== undefined) return Buffer.from(text, 'utf8');
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a value that was read from a store is a recorded response. */
export function isRecordedResponse(value: unknown): value is RecordedResponse {
  const candidate = value as Partial<RecordedResponse> | null | undefined;
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    Number.isInteger(candidate.status) &&
    Array.isArray(candidate.headers) &&
    candidate.headers.every((line) => Array.isArray(line) && line.length === 2 && line.every(isString)) &&
    (candidate.text === undefined || isString(candidate.text)) &&
    (candidate.bytes === undefined || isUint8Array(candidate.bytes))
  );
}

function isString(part: unknown): boolean {
  return typeof part === 'string';
}
