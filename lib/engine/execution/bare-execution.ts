import { ConfigurationError } from '../../errors.js';
import { NEVER } from '../machine/moment.js';
import { type Execution, NestedExecution } from './execution.js';
import { type CurrentExecution, ExecutionView, lastingSignal } from './execution-view.js';

/** A run of a method whose idempotency is disabled: it has no claim, and its key only when somebody asks. */
export class BareExecution extends NestedExecution implements Execution {
  readonly endsAt = this.parent?.endsAt ?? NEVER;
  readonly #startedAt = Date.now();
  // Made when it is asked for: few methods ask.
  #view: CurrentExecution | undefined;

  constructor(
    readonly operation: string,
    readonly key: () => string,
  ) {
    super();
  }

  get view(): CurrentExecution {
    const { operation, key } = this;
    this.#view ??= new ExecutionView({
      operation,
      attempt: 1,
      fencingToken: this.#startedAt,
      key,
      signal: lastingSignal(),
      completion: async () => {
        throw new ConfigurationError(
          `${operation}: there is no completion to write, since idempotency is disabled; leave it out of the transaction, or remove IDEMPOTENCY_DISABLED and \`enabled: false\``,
          { operation },
        );
      },
    });
    return this.#view;
  }

  isFor(): boolean {
    return false;
  }
}
