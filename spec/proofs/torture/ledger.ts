import { readFileSync } from 'node:fs';
import type { IdempotencyRecord } from 'retrysafe';
import { AppendOnlyFile, readLines, type Written } from '../../support/append-only-file.js';

export const storeNames = ['dynamodb', 'redis', 'postgres', 'sqlite'] as const;
export type StoreName = (typeof storeNames)[number];

/** The decision about a run without an end, and where the effect is. Redis has no transaction to complete a call in. */
export const policies = ['run', 'refuse', 'recover', 'transaction'] as const;
export type Policy = (typeof policies)[number];

export function policiesOf(store: StoreName): readonly Policy[] {
  return store === 'redis' ? policies.filter((policy) => policy !== 'transaction') : policies;
}

/** A key tells whose it is: `redis/refuse/17`. */
export function keyOf(store: StoreName, policy: Policy, index: number): string {
  return `${store}/${policy}/${index}`;
}

export function ownerOf(key: string): { readonly store: StoreName; readonly policy: Policy } {
  const [store, policy] = key.split('/') as [StoreName, Policy];
  return { store, policy };
}

/** What a run has in its execution. */
interface Attempt {
  readonly attempt: number;
  readonly token: number;
}

/** What a worker process notes. `worker` names one process, and never another that took its place. */
type WorkerLine =
  | ({
      readonly kind: 'began';
      readonly key: string;
      readonly run: string;
      readonly worker: string;
      readonly call?: string | undefined;
    } & Attempt)
  /** In the world outside; `inTable` where it was in the transaction that completed the call, and read afterwards. */
  | ({
      readonly kind: 'effect';
      readonly key: string;
      readonly run: string;
      readonly inTable?: true;
    } & Partial<Attempt & { readonly pid: number }>)
  /** The method has asked for its completion: its lease is not renewed any longer. */
  | { readonly kind: 'completing'; readonly key: string; readonly run: string }
  /** The method returned, or threw. */
  | { readonly kind: 'returned'; readonly key: string; readonly run: string }
  | { readonly kind: 'failed'; readonly key: string; readonly run: string; readonly why: string }
  /** A recovery function is about to read the effect of an earlier run. */
  | ({
      readonly kind: 'recovering';
      readonly key: string;
      readonly worker: string;
      readonly call?: string | undefined;
    } & Attempt)
  /** What it says about that run. */
  | {
      readonly kind: 'decided';
      readonly key: string;
      readonly call: string | undefined;
      readonly runs: boolean;
    }
  /** A write that is about to be sent, or a completion that was handed out: what it follows, and nothing for a claim. */
  | {
      readonly kind: 'sent';
      readonly key: string;
      readonly call: string | undefined;
      readonly record: IdempotencyRecord;
      readonly follows?: string;
      readonly isHandedOut?: true;
    }
  | { readonly kind: 'called'; readonly key: string; readonly call: string; readonly worker: string }
  /** A call got the outcome of `run`. */
  | {
      readonly kind: 'answered';
      readonly key: string;
      readonly call: string;
      readonly run: string;
      readonly took: number;
    }
  | {
      readonly kind: 'refused';
      readonly key: string;
      readonly call: string;
      readonly code: string;
      readonly took: number;
    }
  | {
      readonly kind: 'event';
      readonly name: EventName;
      readonly key: string;
      readonly run: string;
      readonly until?: number;
    }
  /** Nothing happened in that process between two instants: it was stopped, or had no processor. */
  | { readonly kind: 'frozen'; readonly worker: string; readonly from: number; readonly to: number };

/** Events of the library about a run that are evidence. */
export const eventNames = ['renewed', 'claim-lost', 'outcome-not-stored', 'store-failed'] as const;
export type EventName = (typeof eventNames)[number];

export const networkFates = ['lose', 'swallow', 'hold', 'late', 'cut', 'lock'] as const;
export type NetworkFate = (typeof networkFates)[number];

/** What is done to workers, servers and the network between them. */
type NemesisLine =
  | { readonly kind: 'killed'; readonly worker: string; readonly where: string }
  | { readonly kind: 'stopped'; readonly worker: string }
  | { readonly kind: 'continued'; readonly worker: string }
  | { readonly kind: 'down'; readonly store: StoreName }
  | { readonly kind: 'up'; readonly store: StoreName }
  /** `met` tells how many requests or connections it happened to, from `from` on until now. */
  | {
      readonly kind: 'network';
      readonly store: StoreName;
      readonly fate: NetworkFate;
      readonly from: number;
      readonly met: number;
    };

/** What the process records that runs all of them. */
type RunnerLine =
  | ({ readonly kind: 'rules' } & Rules)
  /** All faults have ended, and every key is called once more. */
  | { readonly kind: 'calm' }
  /** A worker that ended although it was not killed. */
  | { readonly kind: 'crashed'; readonly worker: string; readonly said: string }
  /** What stands under a key when all is over. */
  | ({
      readonly kind: 'record';
      readonly key: string;
      readonly status: string;
      readonly expiresAt: number;
      readonly run?: string | undefined;
      /** Its token in the store. */
      readonly version?: string | undefined;
    } & Attempt);

/** What is the same for all of a torture, times in milliseconds. */
export interface Rules {
  readonly seed: number;
  readonly seconds: number;
  readonly stores: readonly StoreName[];
  readonly lease: number;
  readonly tolerance: number;
}

export type Unwritten = WorkerLine | NemesisLine | RunnerLine;
export type Line = Unwritten & Written;
export type LineOf<K extends Line['kind']> = Extract<Line, { readonly kind: K }>;

/** What all processes of a torture write. */
export class Ledger extends AppendOnlyFile<Unwritten> {
  /** The first run that had an effect on the world outside under that key, as far as it is written. */
  effectOf(key: string): string | undefined {
    // The last line may be incomplete, since its process is still writing.
    const texts = readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
    const text = texts.find((one) => one.includes('"kind":"effect"') && one.includes(`"key":"${key}"`));
    return text === undefined ? undefined : (JSON.parse(text) as LineOf<'effect'>).run;
  }
}

/** @throws {SyntaxError} naming the line that is none. */
export const readLedger = (path: string): Line[] => readLines<Unwritten>(path);
