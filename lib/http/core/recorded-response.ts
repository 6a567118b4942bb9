import { isUtf8 } from 'node:buffer';

/** The name and value of one header line. */
export type HeaderLine = readonly [name: string, value: string];

/** A response as it is recorded: plain JSON, readable in a store's console. */
export interface RecordedResponse {
  readonly status: number;
  /** In the order in which they were set. The name of a header with several lines occurs several times. */
  readonly headers: readonly HeaderLine[];
  /** The body, if its bytes are UTF-8. A response without a body has neither. */
  readonly text?: string;
  /** Any other body. */
  readonly base64?: string;
  /** Whether it was sent in parts, of which the client was not told how many bytes there are. */
  readonly isStream?: true;
}

/** Returns a response as it is recorded. */
export function recordedResponse(
  status: number,
  headers: readonly HeaderLine[],
  body: Uint8Array | undefined,
  isStream: boolean,
): RecordedResponse {
  return { status, headers, ...recordedBody(body), ...(isStream && { isStream }) };
}

function recordedBody(body: Uint8Array | undefined): { readonly text?: string; readonly base64?: string } {
  if (body === undefined) return {};
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Node.js drops a byte order mark nowhere in this, so that the text has every byte.
  return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
}

/** Returns the bytes of a recorded body, or `undefined` where there was none. */
export function bodyOf({ text, base64 }: RecordedResponse): Buffer | undefined {
  if (text !== undefined) return Buffer.from(text, 'utf8');
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** Whether a value that was read from a store is a recorded response. */
export function isRecordedResponse(value: unknown): value is RecordedResponse {
  const candidate = value as Partial<RecordedResponse> | null | undefined;
  const isText = (part: unknown) => part === undefined || typeof part === 'string';
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    Number.isInteger(candidate.status) &&
    Array.isArray(candidate.headers) &&
    candidate.headers.every((line) => Array.isArray(line) && line.length === 2 && line.every(isLine)) &&
    isText(candidate.text) &&
    isText(candidate.base64)
  );
}

function isLine(part: unknown): boolean {
  return typeof part === 'string';
}
