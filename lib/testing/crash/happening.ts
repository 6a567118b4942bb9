import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { Done, OperationKind } from './operation-under-way.js';
import type { SimulatedProcess } from './simulated-process.js';

/** When each history begins. */
export const BEGINNING = Date.UTC(2026, 0, 1);

/** What can happen to a process, or to what it has asked for. */
export type ProcessFault =
  | 'crash before'
  | 'crash after'
  | 'lost answer'
  | 'failure'
  | 'suspension before'
  | 'suspension after'
  | 'lapse';

/** A fault that a history has. */
export type Fault = ProcessFault | 'redelivery';

/** Something that happened in a history, as a story tells it. */
export type Happening = { readonly at: number; readonly process: SimulatedProcess } & (
  | { readonly what: 'begins'; readonly delivery: number; readonly why: 'due' | 'redelivery' }
  | {
      readonly what: 'does';
      readonly kind: OperationKind;
      readonly name: string;
      readonly args: readonly unknown[];
      /** What the process had asked for besides, and had no answer. */
      readonly beside: readonly string[];
      readonly told: string;
      /** What was written, and what was under the key before. */
      readonly record: IdempotencyRecord | undefined;
      readonly before: IdempotencyRecord | undefined;
      readonly done: Done;
    }
  | { readonly what: 'fault'; readonly fault: ProcessFault; readonly name: string }
  | { readonly what: 'resumes' }
  | { readonly what: 'returns'; readonly value: unknown }
  | { readonly what: 'fails'; readonly error: unknown; readonly isLast: false | 'an outcome' | 'used up' }
);

/** What was done: an effect, a transaction or an operation of the store. */
export type Does = Extract<Happening, { readonly what: 'does' }>;
