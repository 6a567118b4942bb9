/**
 * Returns the name of the operation in an idempotency key, and nothing for what is no key. A name may have a `#`, and the digest after the
 * last one has none.
 */
export function operationOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('#')));
}

/** Whether a text is an idempotency key: `<operation>#<digest>`. */
export function isKey(text: unknown): text is string {
  return typeof text === 'string' && /^.+#[0-9a-f]{64}$/s.test(text);
}

/** Returns the digest in an idempotency key. */
export function digestOf(key: string): string {
  return key.slice(key.lastIndexOf('#') + 1);
}
