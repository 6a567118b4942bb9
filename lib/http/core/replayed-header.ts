/** Tells a client that an answer is a replay. */
export const REPLAYED = 'Idempotency-Replayed';
