import { deriveKey } from './derived-key.js';
import { ConfigurationError } from './errors.js';
import { type CurrentExecution, type Execution, executions, ongoing } from './execution.js';

/** A run of a method whose idempotency is disabled: it has no claim, and its key only when somebody asks. */
export class BareExecution implements Execution {
  readonly view: CurrentExecution;
  #parent = ongoing(executions.getStore());
  readonly endsAt = this.parent?.endsAt ?? Number.POSITIVE_INFINITY;
  isRunning = true;

  constructor(operation: string, key: () => string) {
    this.view = Object.freeze({
      operation,
      get key() {
        return key();
      },
      attempt: 1,
      fencingToken: Date.now(),
      signal: new AbortController().signal,
      deriveKey: (label: string) => deriveKey(key(), label),
      completion: async () => {
        throw new ConfigurationError(
          `${operation}: there is no completion to write, since idempotency is disabled; leave it out of the transaction, or remove IDEMPOTENCY_DISABLED and \`enabled: false\``,
          { operation },
        );
      },
    });
  }

  get parent(): Execution | undefined {
    this.#parent = ongoing(this.#parent);
    return this.#parent;
  }

  isFor(): boolean {
    return false;
  }
}
