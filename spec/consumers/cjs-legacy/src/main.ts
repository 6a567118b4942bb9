import assert from 'node:assert/strict';
import { storeContract } from 'retrysafe/testing';
import { exercise } from './exercise.js';

exercise().then(
  () => assert.equal(typeof storeContract, 'function'),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
