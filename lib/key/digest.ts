import { crypto } from '../process/crypto.js';

/** Returns the SHA-256 digest of a text or of bytes. */
export function sha256(text: string | Uint8Array, encoding: 'hex' | 'base64url'): string {
  return crypto().hash('sha256', text, encoding);
}
