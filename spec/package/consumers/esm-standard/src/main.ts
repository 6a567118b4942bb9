import assert from 'node:assert/strict';
import { Idempotent } from 'retrysafe';
import { storeContract } from 'retrysafe/testing';
import { exercise } from './exercise.js';
import { warningsOfABundle } from './unbundled.js';

class Ledger {
  runs = 0;

  @Idempotent({ key: 'id' })
  async #post(entry: { readonly id: string }): Promise<string> {
    this.runs += 1;
    return `posted ${entry.id}`;
  }

  async postTwice(): Promise<readonly string[]> {
    return [await this.#post({ id: 'a' }), await this.#post({ id: 'a' })];
  }
}

await exercise();
const ledger = new Ledger();
assert.deepEqual(await ledger.postTwice(), ['posted a', 'posted a']);
assert.equal(ledger.runs, 1);
assert.equal(typeof storeContract, 'function');
assert.deepEqual(await warningsOfABundle(), []);
