import { stepsOf } from '../../engine/driver/store-port.js';
import { ConfigurationError } from '../../errors.js';
import { kindOf } from '../../options/wrong-option.js';
import type { Completion } from '../../record/persistence-store.js';
import { InMemoryStore } from '../../stores/in-memory/in-memory-store.js';
import { checkedCompletion, claimLost } from '../../stores/shared/completions.js';
import { OpenTransaction } from './in-memory-database.js';
import type { TestTransaction } from './test-database.js';

/** An `InMemoryStore` whose records can be completed in a transaction of a `TestDatabase`. */
export class TestStore extends InMemoryStore {
  /**
   * Completes the running call in a transaction, as the stores of databases do. It applies when the transaction commits, and is
   * refused then if the claim was lost meanwhile.
   *
   * @throws {ClaimLostError} if the claim is lost. Let it throw, so that the transaction rolls back.
   * @throws {ConfigurationError} if an argument is no transaction of a `TestDatabase`, or no completion.
   */
  async complete(tx: TestTransaction, completion: Completion): Promise<void> {
    const where = 'TestStore: complete()';
    const { record, token } = checkedCompletion(where, completion);
    const steps = stepsOf(this);
    const check = () => {
      if (steps?.find(record.key)?.token !== token) throw claimLost(where, { record, token });
    };
    if (!(tx instanceof OpenTransaction))
      throw new ConfigurationError(
        `${where} got ${kindOf(tx)} in place of a transaction; await it in database.transaction(), with the transaction that this hands over`,
      );
    tx.join('the completion', check, () => steps?.replace(record, token));
  }
}
