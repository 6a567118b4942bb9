import type { RecordState } from '../../record/record.js';
import type { Rules } from './state.js';

/** Whether a key has had all its attempts: none may begin any more, but one that an operator permits. */
export function isExhausted({ maxAttempts }: Rules, { attempt, permitted }: Counts): boolean {
  return attempt >= maxAttempts && !(isNumber(permitted) && attempt < permitted);
}

/** Whether a recovery function may be asked once more: too often it ended without a decision, or it is recorded that nothing may begin. */
export function mayRecover(rules: Rules, state: Counts): boolean {
  return recoveriesOf(state) < rules.maxAttempts && !(isExhausted(rules, state) && isMarked(state));
}

/** Whether the record says that its attempts are exhausted. */
export function isMarked({ exhausted, attempt }: Counts): boolean {
  return exhausted === attempt;
}

/** How often a recovery function was asked about the present attempt, and crashed or threw, as far as is known. */
export function recoveriesOf({ recoveries, attempt }: Counts): number {
  // A version that does not know these counts keeps them when it counts another attempt. So they name the attempt that they are about.
  return recoveries?.of === attempt && isNumber(recoveries.count) ? recoveries.count : 0;
}

type Counts = Pick<RecordState, 'attempt' | 'recoveries' | 'permitted' | 'exhausted'>;

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
