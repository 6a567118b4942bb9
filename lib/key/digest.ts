import { crypto } from '../process/crypto.js';

/** Returns the SHA-256 digest of a text. */
export function sha256(text: string, encoding: 'hex' | 'base64url'): string {
  return crypto().hash('sha256', text, encoding);
}
