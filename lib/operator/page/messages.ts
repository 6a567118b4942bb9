import type { DeskPage, DeskQuery, RecordDetails, Resolution, SeenRecord, StatusCount } from '../desk.js';
import type { RatesReport } from './rates-report.js';

/*
 * What the page's script asks its server, and what that answers: JSON, by `POST` to `api/<name>`. It is private, since both come from one
 * version of the package.
 */

/** Who asks, and what the page may do. */
export interface PageSession {
  readonly operator: string;
  /** The names of the stores. */
  readonly stores: readonly string[];
  /** The names of the operations whose options the server knows. */
  readonly operations: readonly string[];
  readonly mayResolve: boolean;
  readonly mayReveal: boolean;
  readonly hasRates: boolean;
}

/** Which records of a store are asked for. */
export interface ListRequest extends Omit<DeskQuery, 'olderThan'> {
  readonly store: string;
  /** Those that have had their status for so long, by the server's clock. Default: any. */
  readonly ageMs?: number;
}

export interface ListAnswer extends DeskPage {
  /** The server's clock, in epoch milliseconds. */
  readonly now: number;
}

export interface ShowRequest {
  readonly store: string;
  readonly key: string;
  /** Whether the text of the outcome is asked for. Default: `false`. */
  readonly reveal?: boolean;
}

export interface ShowAnswer extends RecordDetails {
  readonly now: number;
  /** The address of each `traceparent` that has one. */
  readonly traces: Readonly<Record<string, string>>;
}

/** Who decides is known to the server. */
export interface ResolveRequest extends Omit<Resolution, 'by'> {
  readonly store: string;
  readonly seen: readonly SeenRecord[];
}

/** A line of the answer to `stats`. The last one has `counts`, or `error`. */
export interface StatsLine {
  readonly examined?: number;
  readonly counts?: readonly StatusCount[];
  readonly now?: number;
  readonly error?: string;
}

export interface RatesAnswer extends RatesReport {
  readonly now: number;
}

/** The answer to a request that is refused, or that failed. */
export interface Refused {
  readonly error: string;
}
