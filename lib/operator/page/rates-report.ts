/** What is counted. Each of the first six ends a call, and the others are of interest beside that. */
export type RatedEvent =
  | ('completed' | 'replayed' | 'refused' | 'remembered' | 'released' | 'unknown')
  | ('taken-over' | 'claim-lost' | 'store-failed');

/** How many events there were of each kind. One that there was none of is absent. */
export type RatedCounts = Readonly<Partial<Record<RatedEvent, number>>>;

/** What happened in one minute. */
export interface RatedMinute {
  /** When it began, in epoch milliseconds. */
  readonly at: number;
  readonly operations: readonly { readonly operation: string; readonly counts: RatedCounts }[];
  /** The counts of further operations together. */
  readonly others?: RatedCounts;
}

/** What happened in this process, up to now. */
export interface RatesReport {
  /** Since when it is counted, in epoch milliseconds. */
  readonly since: number;
  /** Those in which anything happened, the earliest first. The last one may not be over. */
  readonly minutes: readonly RatedMinute[];
}
