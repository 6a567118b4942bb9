import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Fault } from './events.js';
import type { Written } from './leasing.js';
import type { Request } from './state.js';
import type { Step } from './step.js';

/** What a call does in one phase. What a phase has no rule for does not happen in it. */
export interface PhaseRules {
  /** It comes to the phase. */
  enter?(step: Step): void;
  /** Its read was answered. */
  found?(step: Step, record: IdempotencyRecord | undefined): void;
  /** Its write was answered. */
  written?(step: Step, written: Written, record: IdempotencyRecord): void;
  /** Its store call failed for the first time. It is unknown whether it was applied. */
  again?(step: Step, request: Request): void;
  /** Its store call failed. Without this rule the call is refused. */
  failed?(step: Step, fault: Fault): void;
  /** The phase has lasted as long as it may. */
  due?(step: Step): void;
  /** The call that it joined has ended, or may be joined no longer. */
  told?(step: Step): void;
  /** The store told of a change. */
  noticed?(step: Step): void;
}
