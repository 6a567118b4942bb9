import { isUint8Array } from 'node:util/types';

/** JSON has no such character. */
const SEPARATOR = '\0';

/** What the field of a state has: its text, and the bytes of its outcome. */
export interface StateField {
  readonly state: unknown;
  readonly bytes?: Uint8Array;
}

/**
 * Returns the field of a state: its text, and behind it the bytes. A field of their own would make the hash another one than earlier
 * versions know, which would take it for that of another program.
 */
export function stateField(text: string, bytes: Buffer | undefined): string | Buffer {
  return bytes ? Buffer.concat([Buffer.from(text + SEPARATOR), bytes]) : text;
}

/** Reads the field of a state. */
export function readStateField(field: unknown): StateField {
  if (typeof field === 'string') return { state: textOf(field) };
  if (!isUint8Array(field)) return { state: field };
  const bytes = Buffer.from(field.buffer, field.byteOffset, field.byteLength);
  const at = bytes.indexOf(0);
  return at < 0
    ? { state: bytes.toString() }
    : { state: bytes.toString('utf8', 0, at), bytes: bytes.subarray(at + 1) };
}

/** Whether a client took the bytes of a field for UTF-8, so that they are lost. */
export function isMangled(field: unknown): field is string {
  return typeof field === 'string' && field.includes(SEPARATOR);
}

/** Reads such a field in which each byte is the character of its number. */
export function readCharacters(field: unknown): StateField {
  if (!isMangled(field)) return readStateField(field);
  return { state: textOf(field), bytes: Buffer.from(field.slice(field.indexOf(SEPARATOR) + 1), 'latin1') };
}

function textOf(field: string): string {
  const at = field.indexOf(SEPARATOR);
  return at < 0 ? field : field.slice(0, at);
}
