import { ConfigurationError } from '../../errors.js';
import { NEVER } from '../machine/moment.js';
import { deriveKey } from './derived-key.js';
import { type CurrentExecution, type Execution, NestedExecution } from './execution.js';

/** A run of a method whose idempotency is disabled: it has no claim, and its key only when somebody asks. */
export class BareExecution extends NestedExecution implements Execution {
  readonly view: CurrentExecution;
  readonly endsAt = this.parent?.endsAt ?? NEVER;

  constructor(operation: string, key: () => string) {
    super();
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

  isFor(): boolean {
    return false;
  }
}
