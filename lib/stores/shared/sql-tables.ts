/** The table of a store on SQL, unless it is named. */
export const DEFAULT_TABLE = 'idempotency';

/** The name as an identifier, whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** How much one sweep removes. */
export interface RemoveExpiredOptions {
  /** How many records at the most. Default: 1,000. */
  readonly limit?: number;
}
