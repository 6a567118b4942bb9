import { crypto } from '../../process/crypto.js';

const LENGTH_BYTES = 12;
/** In base64url, without padding since three bytes are four characters. */
const LENGTH = (LENGTH_BYTES / 3) * 4;
const OWNERS_AT_ONCE = 256;

/**
 * For how long random bytes are kept that were drawn ahead, in milliseconds: a process that is frozen and started again,
 * perhaps in several places, must not go on with the same ones.
 */
const FRESH_FOR_MS = 1_000;

let drawn = '';
let used = 0;
let drawnAt = 0;

/** A random identity of 96 bits for a call. Drawn many at a time: asking the system takes longer than all else in a call. */
export function newOwner(now: number): string {
  const isFresh = now >= drawnAt && now - drawnAt < FRESH_FOR_MS;
  if (!isFresh || used === drawn.length) {
    const bytes = Buffer.allocUnsafeSlow(LENGTH_BYTES * OWNERS_AT_ONCE);
    drawn = crypto().randomFillSync(bytes).toString('base64url');
    used = 0;
    drawnAt = now;
  }
  used += LENGTH;
  return drawn.slice(used - LENGTH, used);
}
