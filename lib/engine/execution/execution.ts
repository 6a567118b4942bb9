import { AsyncLocalStorage } from 'node:async_hooks';
import { ClaimLostError, ConfigurationError, StoreError } from '../../errors.js';
import { shared } from '../../process/shared.js';
import { instantAfter } from '../../record/instants.js';
import type { Completion, IdempotencyRecord, PersistenceStore } from '../../record/persistence-store.js';
import type { StoredOutcome } from '../../record/record.js';
import type { Call } from '../call/call.js';
import type { Ending } from '../call/ending.js';
import { named } from '../call/verdict.js';
import type { Claim } from '../claim/claim.js';
import { Lease } from '../claim/lease.js';
import type { LocalRun } from '../waiting/local-runs.js';
import { deriveKey } from './derived-key.js';
import { hideResult } from './hide-result.js';

/**
 * How long a method that asks for its completion waits for a renewal that is in flight, and then for one of its own, in
 * milliseconds. It may hold a transaction open on the only connection, so that the store would never answer.
 */
const COMPLETION_PATIENCE = { inFlight: 2_000, own: 1_000 };

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

/** A run of a method, as the calls inside of it see it. */
export interface Execution {
  readonly view: CurrentExecution;
  readonly isRunning: boolean;
  readonly parent: Execution | undefined;
  /** When the Lambda invocation ends that it belongs to. */
  readonly endsAt: number;
  isFor(store: PersistenceStore, key: string): boolean;
}

/**
 * The execution of the method that is running here, also in its options `onAbandoned`, `onError`, `ttl` and `mapReplay`.
 *
 * @throws {ConfigurationError} outside of a method that is idempotent.
 */
export function currentExecution(): CurrentExecution {
  const execution = executions.getStore();
  if (execution) return execution.view;
  throw new ConfigurationError(
    'currentExecution() was called outside of an idempotent method; call it in a method decorated with @Idempotent, in what that method calls, or in a function of its options onAbandoned, onError, ttl or mapReplay',
  );
}

/** The run, if any, that the code running just now belongs to. */
export const executions = shared('executions', () => new AsyncLocalStorage<Execution>());

/** The nearest run that goes on: one that has ended matters to nobody, and is not kept in memory for its children. */
export function ongoing(execution: Execution | undefined): Execution | undefined {
  let at = execution;
  while (at && !at.isRunning) at = at.parent;
  return at;
}

/** A run, inside of the run that it was called from. */
export abstract class NestedExecution {
  isRunning = true;
  #parent = ongoing(executions.getStore());

  get parent(): Execution | undefined {
    this.#parent = ongoing(this.#parent);
    return this.#parent;
  }
}

/** A run under a claim, or without one where the store could not be reached. */
export class ClaimedExecution extends NestedExecution implements Execution {
  readonly view: CurrentExecution;
  readonly lease: Lease | undefined;
  /** The last completion that the method asked for. */
  issued: { readonly record: IdempotencyRecord; readonly outcome: StoredOutcome } | undefined;

  constructor(
    readonly claim: Claim,
    readonly isOpen: boolean,
    readonly run: LocalRun,
  ) {
    super();
    const { call } = claim;
    const lease = isOpen ? undefined : new Lease(claim, run);
    this.lease = lease;
    const unaborted = isOpen ? new AbortController().signal : undefined;
    const { attempt, fencingToken } = isOpen
      ? { attempt: 1, fencingToken: call.startedAt }
      : claim.confirmed.state;
    this.view = Object.freeze({
      operation: call.operation,
      key: call.key,
      attempt,
      fencingToken,
      get signal() {
        return (lease?.signal ?? unaborted) as AbortSignal;
      },
      deriveKey: (label: string) => deriveKey(call.key, label),
      completion: (result: unknown) => this.#completion(result),
    });
  }

  get call(): Call {
    return this.claim.call;
  }

  get endsAt(): number {
    return this.call.endsAt;
  }

  isFor(store: PersistenceStore, key: string): boolean {
    return this.call.store === store && this.call.key === key;
  }

  async #completion(result: unknown): Promise<Completion> {
    const { call, claim, lease } = this;
    if (!lease) throw this.#noCompletion('it runs without a claim, since the store could not be reached');
    if (!this.isRunning) throw this.#noCompletion('the method has returned already');
    await lease.stopRenewing(COMPLETION_PATIENCE.inFlight);
    if (lease.lossError) throw lease.lossError;
    // A renewal before the second completion changes the token that the first one was to follow. And one whose answer
    // is unknown may have changed it already: a transaction that follows the old one would be cancelled.
    const isShort = claim.term.left < call.newTerm().left / 2;
    if (this.issued || isShort || claim.isInDoubt) await this.#renewForCompletion();
    const outcome = call.settings.format.encodeValue(result);
    const { attempt, fencingToken } = claim.confirmed.state;
    const completedAt = Date.now();
    const state = { status: 'completed' as const, attempt, fencingToken, completedAt, outcome };
    const ttl = executions.run(this, () => call.ttlOf(result));
    const record = claim.draft(state, instantAfter(completedAt, ttl));
    this.issued = { record, outcome };
    return hideResult({ record, token: claim.confirmed.token });
  }

  async #renewForCompletion(): Promise<void> {
    const { call, claim } = this;
    for (let tries = 0; ; ) {
      const written = await claim.renew({}, { limitMs: COMPLETION_PATIENCE.own });
      if (claim.confirmed.state.status === 'completed')
        throw this.#noCompletion('an earlier completion of it was applied');
      if (written.kind === 'written') return;
      if (written.kind === 'taken' || written.kind === 'missing')
        throw this.#noCompletion('another call took it over');
      if (written.kind === 'earlier-write') continue;
      if (!written.isLate && tries++ === 0) continue;
      const advice = written.isLate
        ? '; ask for the completion before the transaction begins, which may hold the only connection that the store has'
        : '';
      throw new StoreError(
        `${call.operation}: the claim on ${call.key} could not be renewed before its completion${advice}; do not begin the transaction`,
        { ...named(call), step: 'replace', cause: written.fault },
      );
    }
  }

  #noCompletion(reason: string): ClaimLostError {
    const { call } = this;
    return new ClaimLostError(
      `${call.operation}: no completion of ${call.key} can be had, ${reason}; do not begin the transaction`,
      named(call),
    );
  }
}

/** Runs `work` so that `currentExecution()` finds the execution. Never throws. */
export async function runWithin(
  execution: Execution & { isRunning: boolean },
  work: () => unknown,
): Promise<Ending> {
  try {
    return { value: await executions.run(execution, () => Promise.resolve(work())) };
  } catch (error) {
    return { error };
  } finally {
    execution.isRunning = false;
  }
}
