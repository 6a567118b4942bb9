import { randomFillSync } from 'node:crypto';

const LENGTH = 12;
const OWNERS_AT_ONCE = 256;

/**
 * For how long random bytes are kept that were drawn ahead, in milliseconds: a process that is frozen and started again,
 * perhaps in several places, must not go on with the same ones.
 */
const FRESH_FOR = 1_000;

let drawn: Buffer | undefined;
let used = 0;
let drawnAt = 0;

/** A random identity of 96 bits for a call. Drawn many at a time: asking the system takes longer than all else in a call. */
export function newOwner(): string {
  const now = Date.now();
  const isFresh = now >= drawnAt && now - drawnAt < FRESH_FOR;
  if (!drawn || !isFresh || used === drawn.length) {
    drawn = randomFillSync(Buffer.allocUnsafeSlow(LENGTH * OWNERS_AT_ONCE));
    used = 0;
    drawnAt = now;
  }
  const from = used;
  used += LENGTH;
  return drawn.toString('base64url', from, used);
}
