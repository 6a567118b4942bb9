import { IdempotencyDefaults, Idempotent, makeIdempotent } from 'retrysafe';

// What an application exports must be nameable in its own declarations.
export const retryable = () => Idempotent({ ttl: '5m' });
export const withDefaults = IdempotencyDefaults({ lease: 10 });
export const twice = makeIdempotent(async function twice(value: number): Promise<number> {
  return value * 2;
});
