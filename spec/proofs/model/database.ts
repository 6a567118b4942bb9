import type { IdempotencyRecord } from 'retrysafe';

/** What a request asks of the database. */
export type Operation =
  | { readonly kind: 'claim'; readonly record: IdempotencyRecord; readonly now: number }
  | { readonly kind: 'replace' | 'commit'; readonly record: IdempotencyRecord; readonly token: string }
  | { readonly kind: 'find'; readonly isConsistent: boolean };

/** Applies one operation in one step: the store's three laws. A control breaks them. */
export type Apply = (
  operation: Operation,
  holder: IdempotencyRecord | undefined,
) => IdempotencyRecord | undefined;

/** A store that obeys its laws: it returns the record that holds the key afterwards. */
export const lawful: Apply = (operation, holder) => {
  switch (operation.kind) {
    case 'claim':
      return holder && holder.expiresAt > operation.now ? holder : operation.record;
    case 'replace':
    case 'commit':
      return holder?.token === operation.token ? operation.record : holder;
    case 'find':
      return holder;
  }
};
