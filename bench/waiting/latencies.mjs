import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defer } from '../../.build/spec-standard/support/defer.js';
import { openStore } from '../../.build/spec-standard/support/store-description.js';
import { measuredOperation, now } from './operation.mjs';

const waiter = fileURLToPath(new URL('./waiter.mjs', import.meta.url));
const atOnce = 16;
const shortest = 50;
const longest = 1_500;

/** How long each of `runs` duplicates in a second process waited for its answer after the run here had returned, in ms. */
export async function latencies({ store: description, runs }) {
  const { store, close } = await openStore(description);
  const duplicates = new Duplicates(description);
  try {
    await duplicates.ready;
    const returnedAt = new Map();
    const operation = measuredOperation(store, async (key) => {
      await duplicates.call(key);
      const length = shortest + Math.random() * (longest - shortest);
      await new Promise((resolve) => setTimeout(resolve, length));
      returnedAt.set(key, now());
      return { by: process.pid };
    });

    const measure = async (name, count) => {
      const keys = Array.from({ length: count }, (_, index) => `${name} ${index}`);
      const left = keys[Symbol.iterator]();
      const times = [];
      const lane = async () => {
        for (const key of left) {
          await operation(key);
          const { at, by } = await duplicates.answerOf(key);
          if (by !== process.pid)
            throw new Error(`the duplicate of ${key} did not get the outcome of the run`);
          times.push(at - returnedAt.get(key));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
      return times;
    };
    await measure('warm-up', atOnce);
    return await measure('run', runs);
  } finally {
    await duplicates.end();
    await close();
  }
}

/** Calls of a second process. */
class Duplicates {
  #calls = new Map();
  #process;
  #ended;

  constructor(description) {
    this.#process = fork(waiter, [JSON.stringify(description)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#ended = once(this.#process, 'exit');
    this.ready = once(this.#process, 'message');
    this.#process.on('message', ({ key, answer }) => {
      const call = this.#calls.get(key);
      if (answer) call.answered.resolve(answer);
      else call?.waiting.resolve();
    });
    this.#ended.then(([code]) => {
      const error = new Error(`the process of the duplicates ended with ${code}`);
      for (const { waiting, answered } of this.#calls.values()) {
        waiting.reject(error);
        answered.reject(error);
      }
    });
  }

  /** Resolves when the duplicate has been called. */
  call(key) {
    const call = { waiting: defer(), answered: defer() };
    // Neither may be in use when the process ends.
    call.waiting.promise.catch(() => {});
    call.answered.promise.catch(() => {});
    this.#calls.set(key, call);
    this.#process.send(key);
    return call.waiting.promise;
  }

  answerOf(key) {
    return this.#calls.get(key).answered.promise;
  }

  async end() {
    if (this.#process.connected) this.#process.disconnect();
    await this.#ended;
  }
}
