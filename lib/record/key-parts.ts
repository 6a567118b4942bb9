/**
 * Returns the name of the operation in an idempotency key, and nothing for what is no key. A name may have a `#`, and the digest after the
 * last one has none.
 */
export function operationOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('#')));
}

/** Returns the digest in an idempotency key. */
export function digestOf(key: string): string {
  return key.slice(key.lastIndexOf('#') + 1);
}
