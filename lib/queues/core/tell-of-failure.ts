import { warnOnce } from '../../process/warnings.js';
import { type FailureReport, logFailure, type MessageFailure } from './failure-report.js';

/** Tells of a message whose method threw. A report that throws must not keep the message from being settled. */
export function tellOfFailure(failure: MessageFailure, report: FailureReport = logFailure): void {
  try {
    report(failure);
  } catch {
    warnOnce(
      'queue-report',
      'RETRYSAFE_REPORT',
      'The option "report" of a consumer threw. Its messages are settled without it.',
    );
  }
}
