import {
  currentExecution,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
} from 'retrysafe';
import { defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import type { Fate } from '../../support/scripted-store.js';
import { marker } from './marker.js';
import type { Witness } from './witness.js';

/** Something that can happen, and what the library says of it: names of errors and events, codes of warnings. */
export interface Provocation {
  readonly what: string;
  readonly says: readonly string[];
  provoke(witness: Witness): Promise<void>;
}

// The marker is the key, in a part and in a name, and it is whatever else a request may have.
export const request = (more: object = {}) => ({
  id: marker,
  headers: { 'X-Secret': marker },
  [marker]: [marker],
  ...more,
});
export type Request = ReturnType<typeof request>;
export const declined = () =>
  Object.assign(new Error(marker), { name: marker, [marker]: { request: request() } });
export const throwing = () => {
  throw declined();
};
export const result = () => ({ [marker]: marker, of: request() });
export const failing: Fate = () => Promise.reject(declined());

let names = 0;

/** An operation under a name of its own, since most warnings are given once for each. */
export function operation(
  { things }: Witness,
  method: (given: Request) => Promise<unknown>,
  options: IdempotentOptions = {},
  store: PersistenceStore = new InMemoryStore(),
) {
  names += 1;
  // The stores of specs write down what they are asked.
  const isOurs = store instanceof InMemoryStore;
  const made = makeIdempotent(
    (given: Request) => {
      things.push(currentExecution());
      return method(given);
    },
    {
      name: `Leaks.operation${names}`,
      key: (given: Request) => given,
      scope: () => marker,
      fingerprint: () => marker,
      wait: 0,
      lease: 30,
      store: isOurs ? store : () => store,
      ...options,
    },
  );
  things.push(made);
  if (isOurs) things.push(store);
  return made;
}

/** A run that is in progress until the spec ends it. */
export async function held(witness: Witness, options: IdempotentOptions = {}, store?: PersistenceStore) {
  const end = defer<unknown>();
  const give = operation(witness, () => end.promise, options, store);
  const running = give(request());
  await restOfTurn();
  return { give, end, running };
}

/** Calls twice, so that the second gets what is left of the first. */
export async function twice(
  witness: Witness,
  ...given: [() => Promise<unknown>, IdempotentOptions?, PersistenceStore?]
) {
  const give = operation(witness, ...given);
  await witness.end(give(request()));
  await witness.end(give(request()));
}

/** A run that lapses, and a call that finds it so. */
export async function abandoned(witness: Witness, onAbandoned: IdempotentOptions['onAbandoned']) {
  const { give, end, running } = await held(witness, { renewFor: 30, ...(onAbandoned && { onAbandoned }) });
  await witness.clock.tickAsync(32_000);
  return { give, end, running };
}

/** Nothing of it can be seen from outside. */
export class LeaksVault {
  readonly #content = marker;
  read(): string {
    return this.#content;
  }
}
