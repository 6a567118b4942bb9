import { ConfigurationError } from '../../errors.js';
import type { IdempotencyRecord } from '../../record/persistence-store.js';
import type { PreparedCall } from '../driver/prepared-call.js';
import { type Execution, NestedExecution } from './execution.js';
import { type CurrentExecution, ExecutionView, lastingSignal } from './execution-view.js';

/** What runs while an outcome is replayed: the option `mapReplay`. It holds no claim, so equal calls inside of it replay. */
export class ReplayExecution extends NestedExecution implements Execution {
  // Made when it is asked for: few functions ask.
  #view: CurrentExecution | undefined;

  constructor(
    readonly call: PreparedCall,
    readonly record: IdempotencyRecord,
  ) {
    super();
  }

  get view(): CurrentExecution {
    const { operation, key } = this.call;
    const { attempt, fencingToken } = this.record.state;
    this.#view ??= new ExecutionView({
      operation,
      attempt,
      fencingToken,
      key: () => key,
      signal: lastingSignal(),
      completion: async () => {
        throw new ConfigurationError(
          `${operation}: there is no completion of ${key} to write, since this call replays its outcome; ask for it in the method alone`,
          { operation, key },
        );
      },
    });
    return this.#view;
  }

  get endsAt(): number {
    return this.call.endsAt;
  }

  isFor(): boolean {
    return false;
  }
}
