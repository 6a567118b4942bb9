import type { CrashTestReport } from './crash-report.js';

/** What `crashTest` has found. */
export interface CrashTestFailure {
  /** What happened, one sentence for each line. */
  readonly story: readonly string[];
  /** What is wrong in it, where the pattern is known. */
  readonly diagnosis: string;
  /** What would mend it, the most likely first. Empty where no pattern is known. */
  readonly mends: readonly string[];
  /** The value of the option `repeat` that makes exactly this history happen again. */
  readonly repeat: string;
  /** The story as a sequence diagram of Mermaid. Only with the option `diagram`. */
  readonly diagram?: string;
  /** What was tried until then. */
  readonly report: CrashTestReport;
}

/** A history in which the invariant does not hold. Its `cause` is what the invariant threw. */
export class CrashTestError extends Error {
  override readonly name = 'CrashTestError';
  readonly failure: CrashTestFailure;

  constructor(message: string, failure: CrashTestFailure, cause: unknown) {
    super(message, { cause });
    this.failure = failure;
  }
}
