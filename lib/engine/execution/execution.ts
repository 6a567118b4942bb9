import { AsyncLocalStorage } from 'node:async_hooks';
import { type ClaimLostError, ConfigurationError } from '../../errors.js';
import { shared } from '../../process/shared.js';
import type { Completion, PersistenceStore } from '../../record/persistence-store.js';
import type { PreparedCall } from '../driver/prepared-call.js';
import type { Ending } from './ending.js';
import { type CurrentExecution, ExecutionView } from './execution-view.js';

/** A run of a method, as the calls inside of it see it. */
export interface Execution {
  readonly view: CurrentExecution;
  readonly isRunning: boolean;
  readonly parent: Execution | undefined;
  /** When the Lambda invocation ends that it belongs to. */
  readonly endsAt: number;
  /** Who makes it, as its records say. */
  readonly by?: string | undefined;
  isFor(store: PersistenceStore, key: string): boolean;
  /** Tells one listener why the claim is lost, once it is. */
  whenLost(hear: (loss: ClaimLostError) => void): void;
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

  /** Without a claim nothing is lost. */
  whenLost(_hear: (loss: ClaimLostError) => void): void {}
}

/** Who makes completions of a run. */
interface Completer {
  complete(execution: ClaimedExecution, result: unknown): Promise<Completion>;
}

/** A run under a claim, or without one where the store could not be reached. */
export class ClaimedExecution extends NestedExecution implements Execution {
  /** Why the claim is lost, once it is: the reason of the signal. */
  #loss: ClaimLostError | undefined;
  #hear: ((loss: ClaimLostError) => void) | undefined;
  // Both are made when they are asked for: few methods ask.
  #view: CurrentExecution | undefined;
  #controller: AbortController | undefined;

  constructor(
    readonly call: PreparedCall,
    readonly run: { readonly attempt: number; readonly fencingToken: number },
    readonly completer: Completer,
  ) {
    super();
  }

  get view(): CurrentExecution {
    const { operation, key } = this.call;
    this.#view ??= new ExecutionView({
      operation,
      ...this.run,
      key: () => key,
      signal: () => this.#signal,
      completion: (result: unknown) => this.completer.complete(this, result),
    });
    return this.#view;
  }

  get endsAt(): number {
    return this.call.endsAt;
  }

  get by(): string | undefined {
    return this.call.by;
  }

  get loss(): ClaimLostError | undefined {
    return this.#loss;
  }

  isFor(store: PersistenceStore, key: string): boolean {
    return this.call.store === store && this.call.key === key;
  }

  abort(loss: ClaimLostError): void {
    this.#loss = loss;
    this.#controller?.abort(loss);
    this.#hear?.(loss);
  }

  // That costs a tenth of listening to the signal, which has to be made.
  override whenLost(hear: (loss: ClaimLostError) => void): void {
    if (this.#loss) hear(this.#loss);
    else this.#hear = hear;
  }

  get #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#loss) this.#controller.abort(this.#loss);
    return this.#controller.signal;
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
