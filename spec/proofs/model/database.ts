import type { IdempotencyRecord } from 'retrysafe';

/** A version of the record, and the request that wrote it. */
export interface Version {
  readonly record: IdempotencyRecord;
  readonly writtenBy: string;
}

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

/** The record of the one key, with all its versions. */
export class Database {
  readonly versions: Version[] = [];

  constructor(readonly apply: Apply) {}

  get holder(): Version | undefined {
    return this.versions.at(-1);
  }

  /** Returns the version that stands afterwards, and whether it is a new one. */
  run(
    operation: Operation,
    writtenBy: string,
  ): { readonly version: Version | undefined; readonly isNew: boolean } {
    const before = this.holder;
    const record = this.apply(operation, before?.record);
    if (record === before?.record) return { version: before, isNew: false };
    const version = record && { record, writtenBy };
    if (version) this.versions.push(version);
    return { version, isNew: true };
  }
}
