import { ConfigurationError } from '../../errors.js';
import { sha256 } from '../../key/digest.js';

/** A stable key for a downstream call: SHA-256, in the form of a UUID of version 8 (RFC 9562, section 5.8). */
export function deriveKey(key: string, label: string): string {
  if (typeof label !== 'string' || label === '') {
    throw new ConfigurationError(
      `deriveKey(label): the label is ${typeof label === 'string' ? 'empty' : `a ${typeof label}`}; expected a text that names the downstream call, such as 'hold'`,
    );
  }
  const digest = sha256(JSON.stringify([key, label]), 'hex');
  const variant = '89ab'[Number.parseInt(digest.charAt(16), 16) % 4];
  const groups = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ];
  return groups.join('-');
}
