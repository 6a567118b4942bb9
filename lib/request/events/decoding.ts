import { isUtf8 } from 'node:buffer';
import { decodedJson } from '../../values/json/exact-json.js';

/** A few kilobytes of base64 may stand for gigabytes. No event is near it: Lambda takes 6 MB of text. */
const LARGEST_UNZIPPED = 32 * 1_024 * 1_024;

/**
 * Reads base64 (RFC 4648), also of the URL alphabet, without padding, and in lines. `Buffer.from` alone skips what is no
 * base64 and ends at a `=`, so that two texts would be one value.
 *
 * @throws {TypeError} without the text, which is somebody's payload.
 */
export function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') === base64) return bytes;
  const inOneForm = base64
    .replace(/[\t\n\f\r ]+/g, '')
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  if (bytes.toString('base64url') === inOneForm) return bytes;
  throw new TypeError('the text is not base64');
}

/** The text that bytes are. Bytes that are no UTF-8 stay bytes: each of them would be the same question mark as text. */
export function textOrBytes(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** @throws {RangeError} where too much comes out of it; the error names `what` it came from. */
export function unzipped(zipped: Buffer, what: string): Buffer {
  try {
    return process.getBuiltinModule('node:zlib').gunzipSync(zipped, { maxOutputLength: LARGEST_UNZIPPED });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RangeError(`what ${what} unpacks is larger than ${LARGEST_UNZIPPED / 2 ** 20} MiB`);
  }
}

/** Text that is a JSON list or object becomes its value; other text stays text, and bytes stay bytes. */
export function decodedText(text: string | Buffer): unknown {
  return typeof text === 'string' ? decodedJson(text) : text;
}
