import { createHash } from 'node:crypto';

/** The same 32 bytes for the same name. */
export function keyNamed(name: string): Buffer {
  return createHash('sha256').update(name).digest();
}
