import { CheckEnd } from './check-end.js';
import type { ConformanceLevel } from './conformance-level.js';
import type { ConformanceSettings } from './conformance-settings.js';
import type { HttpTarget } from './http-target.js';
import { NoAnswerError } from './send-request.js';

/** One thing that a server does. */
export interface HttpCheck {
  /** Names the check in options and reports. It never changes. */
  readonly id: string;
  /** What a server does that passes, as a sentence. */
  readonly title: string;
  /** Where that is written, such as `draft-07 §2.7`. `custom` where nothing says it. */
  readonly section: string;
  readonly level: ConformanceLevel;
  /** Says which option the check lacks, if it lacks one. */
  readonly lacks?: (settings: ConformanceSettings) => string | undefined;
  /** Rejects by `fail` or `skip`. */
  run(target: HttpTarget): Promise<void>;
}

/** What came of a check. */
export interface HttpCheckVerdict {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was seen and expected, or why the check could not run. A check that passed has none. */
  readonly detail?: string;
}

/**
 * Runs one check.
 *
 * @throws {HttpConformanceError} if the server does not do what the kit needs for any check.
 */
export async function runCheck(check: HttpCheck, target: HttpTarget): Promise<HttpCheckVerdict> {
  const lacking = check.lacks?.(target.settings);
  if (lacking !== undefined) return { outcome: 'skipped', detail: lacking };
  try {
    await target.prepare();
    await check.run(target);
    return { outcome: 'passed' };
  } catch (error) {
    if (error instanceof CheckEnd) return { outcome: error.outcome, detail: error.message };
    if (error instanceof NoAnswerError) return { outcome: 'failed', detail: error.message };
    throw error;
  }
}
