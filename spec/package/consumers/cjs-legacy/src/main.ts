import assert from 'node:assert/strict';
import { storeContract } from 'retrysafe/testing';
import { exercise } from './exercise.js';
import { warningsOfABundle } from './unbundled.js';

async function main(): Promise<void> {
  await exercise();
  assert.equal(typeof storeContract, 'function');
  assert.deepEqual(await warningsOfABundle(), []);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
