import { AppendOnlyFile, readLines, type Written } from '../../support/append-only-file.js';
import type { Message } from './queue-under-test.js';

/** What is the same for all of a torture, lengths of time in milliseconds. */
export interface Rules {
  readonly queue: string;
  readonly seed: number;
  readonly lease: number;
  readonly renewFor: number;
  readonly tolerance: number;
  readonly maxAttempts: number;
  readonly maxReceives: number;
}

/** What a worker process notes. `worker` names one process, and never another that took its place. */
type WorkerLine =
  /** The queue delivered a message. `delivery` names that one. */
  | { readonly kind: 'received'; readonly id: string; readonly delivery: string; readonly worker: string }
  /** Its call found that another run had the lease, or joined one in its own process. */
  | { readonly kind: 'met'; readonly id: string; readonly delivery: string }
  | {
      readonly kind: 'began';
      readonly id: string;
      readonly delivery: string;
      readonly worker: string;
      readonly attempt: number;
      readonly token: number;
    }
  /** A run has asked for its completion: its lease is not renewed any longer. */
  | { readonly kind: 'completing'; readonly id: string; readonly attempt: number }
  | { readonly kind: 'returned'; readonly id: string; readonly attempt: number }
  | { readonly kind: 'failed'; readonly id: string; readonly attempt: number; readonly why: string }
  /** What the consumer got, before it settled the message: a receipt, or an error. */
  | { readonly kind: 'answered'; readonly id: string; readonly delivery: string; readonly payment: string }
  | { readonly kind: 'refused'; readonly id: string; readonly delivery: string; readonly code: string }
  /** Nothing happened in that process between two instants: it was stopped, or had no processor. */
  | { readonly kind: 'frozen'; readonly worker: string; readonly from: number; readonly to: number };

/** What is done to workers and to the broker. */
type NemesisLine =
  | { readonly kind: 'killed'; readonly worker: string; readonly by: 'nemesis' | 'poison' }
  | { readonly kind: 'stopped'; readonly worker: string }
  | { readonly kind: 'continued'; readonly worker: string }
  | { readonly kind: 'down' }
  | { readonly kind: 'up' };

/** What the process records that runs all of them. */
type RunnerLine =
  | ({ readonly kind: 'rules' } & Rules)
  /** `copy`: which one of that message, 1 is the first. `unsure`: the send before was not confirmed. */
  | {
      readonly kind: 'sent';
      readonly id: string;
      readonly what: Message['kind'];
      readonly copy: number;
      readonly unsure?: true;
    }
  /** A worker that ended although it was not killed, or did not end when it should. */
  | { readonly kind: 'crashed'; readonly worker: string; readonly said: string }
  /** All is over. `open`: what the queue still has, that is to be delivered. */
  | { readonly kind: 'over'; readonly open: number; readonly seconds: number }
  /** The record of a message. */
  | { readonly kind: 'record'; readonly id: string; readonly status: string; readonly attempt: number }
  /** In the table, or at the bank: one that was repeated with the same key is one. */
  | {
      readonly kind: 'effect';
      readonly id: string;
      readonly payment: string;
      readonly attempt: number;
      readonly where: 'table' | 'bank';
    }
  | { readonly kind: 'parked'; readonly id: string; readonly reason: string };

export type Unwritten = WorkerLine | NemesisLine | RunnerLine;
export type Line = Unwritten & Written;
export type LineOf<K extends Line['kind']> = Extract<Line, { readonly kind: K }>;

/** What all processes of a torture write. */
export class Ledger extends AppendOnlyFile<Unwritten> {}

/** @throws {SyntaxError} naming the line that is none. */
export const readLedger = (path: string): Line[] => readLines<Unwritten>(path);
