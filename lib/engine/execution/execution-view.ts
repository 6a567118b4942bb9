import type { Completion } from '../../record/persistence-store.js';
import { deriveKey } from './derived-key.js';

/** What a running method knows about its own run. */
export interface CurrentExecution {
  readonly operation: string;
  readonly key: string;
  /** 1 for the first run under this key. */
  readonly attempt: number;
  /** Grows with every claim of the key; epoch milliseconds unless a clock went back. */
  readonly fencingToken: number;
  /** Aborts with a `ClaimLostError` when another call may start to do the same. */
  readonly signal: AbortSignal;
  /**
   * A stable key for a downstream call: the same for the same call and label on every attempt and in every process,
   * 36 characters in the form of a UUID.
   */
  deriveKey(label: string): string;
  /**
   * The record that completes this call with `result`, to be written in the transaction that does the work. To be
   * called before the transaction begins; a second call voids the first.
   *
   * @throws {ClaimLostError} where the claim is lost already: do not begin the transaction.
   * @throws {StoreError} where the lease was too short and could not be renewed.
   */
  completion(result: unknown): Promise<Completion>;
}

/** What a view shows. What is a function is asked when the view is. */
export interface ViewFacts {
  readonly operation: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly key: () => string;
  readonly signal: () => AbortSignal;
  readonly completion: CurrentExecution['completion'];
}

/** Returns a signal that never aborts, for a run that has no claim to lose. */
export function lastingSignal(): () => AbortSignal {
  const { signal } = new AbortController();
  return () => signal;
}

/**
 * What the code of a run sees of it. Its getters are those of a class: V8 takes the getters of an object literal for ones that stay, and a
 * request that they can reach would stay with them.
 */
export class ExecutionView implements CurrentExecution {
  readonly operation: string;
  readonly attempt: number;
  readonly fencingToken: number;
  // These two can be taken off it.
  readonly deriveKey: CurrentExecution['deriveKey'];
  readonly completion: CurrentExecution['completion'];
  readonly #facts: ViewFacts;

  constructor(facts: ViewFacts) {
    const { operation, attempt, fencingToken, key, completion } = facts;
    const derive = (label: string) => deriveKey(key(), label);
    this.operation = operation;
    this.attempt = attempt;
    this.fencingToken = fencingToken;
    this.deriveKey = derive;
    this.completion = completion;
    this.#facts = facts;
    Object.freeze(this);
  }

  get key(): string {
    return this.#facts.key();
  }

  get signal(): AbortSignal {
    return this.#facts.signal();
  }
}
