import { isUtf8 } from 'node:buffer';

/** A few kilobytes of gzip may unpack to gigabytes. No event comes near this size: Lambda takes 6 MB of text. */
const LARGEST_UNZIPPED = 32 * 1_024 * 1_024;

/** Decodes base64 to text, or to bytes where these are no UTF-8. */
export function fromBase64(base64: string): string | Buffer {
  return textOrBytes(bytesOf(base64));
}

/** Decodes base64 of a gzip file likewise. An error names `what` the text came from. */
export function fromZippedBase64(base64: string, what: string): string | Buffer {
  return textOrBytes(unzipped(bytesOf(base64), what));
}

/**
 * Reads base64 (RFC 4648), also in the URL alphabet, without padding, and in lines. `Buffer.from` alone skips characters
 * that are no base64 and stops at a `=`, so that two texts would be one value.
 *
 * @throws {TypeError} without the text, which is a user's payload.
 */
function bytesOf(base64: string): Buffer {
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

/** Returns the text of bytes. Bytes that are no UTF-8 stay bytes: as text, each of them would be the same character. */
export function textOrBytes(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** @throws {RangeError} where the result is too large. The error names `what` the bytes came from. */
function unzipped(zipped: Buffer, what: string): Buffer {
  try {
    return process.getBuiltinModule('node:zlib').gunzipSync(zipped, { maxOutputLength: LARGEST_UNZIPPED });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RangeError(`what ${what} unpacks is larger than ${LARGEST_UNZIPPED / 2 ** 20} MiB`);
  }
}
