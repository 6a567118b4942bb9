import { type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { type Deferred, defer } from './defer.js';

type Step = 'claim' | 'replace' | 'find';

/**
 * What happens to a call of the store:
 * `fail` it is not applied and rejects; `lose` it is applied, but its response is lost and it rejects;
 * `hang` it is not applied and never settles; `swallow` it is applied and never settles;
 * `hold` it waits until the spec lets it through with `release()`; or the spec's own function.
 */
export type Fate =
  | 'fail'
  | 'lose'
  | 'hang'
  | 'swallow'
  | 'hold'
  // biome-ignore lint/suspicious/noExplicitAny: each step has a result type of its own
  | ((apply: () => Promise<any>) => Promise<any>);

/** A call that was made. */
export interface Made {
  readonly step: Step;
  readonly at: number;
  readonly record?: IdempotencyRecord;
  /** The token that a replace was to follow. */
  readonly follows?: string;
}

/** A real in-memory store whose calls the spec counts, fails, loses, holds back and delivers late. */
export class ScriptedStore implements PersistenceStore {
  readonly calls: Made[] = [];
  /** Calls that were held back, the oldest first. */
  readonly held: { readonly made: Made; release(): Promise<void> }[] = [];
  readonly #fates: { readonly step: Step; readonly fate: Fate }[] = [];
  readonly #always = new Map<Step, Fate>();

  constructor(readonly inner: PersistenceStore = new InMemoryStore()) {}

  /** The next calls of that step meet these fates, one each. */
  next(step: Step, ...fates: Fate[]): this {
    this.#fates.push(...fates.map((fate) => ({ step, fate })));
    return this;
  }

  /** Every further call of that step meets this fate, until `heal`. */
  always(step: Step, fate: Fate): this {
    this.#always.set(step, fate);
    return this;
  }

  heal(): this {
    this.#always.clear();
    this.#fates.length = 0;
    return this;
  }

  count(step?: Step): number {
    return this.calls.filter((made) => step === undefined || made.step === step).length;
  }

  /** Another process's view of the same records: another store object, so that calls do not meet in this process. */
  peer(): ScriptedStore {
    return new ScriptedStore(this.inner);
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#meet({ step: 'claim', at: Date.now(), record }, () => this.inner.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#meet({ step: 'replace', at: Date.now(), record, follows: token }, () =>
      this.inner.replace(record, token),
    );
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.#meet({ step: 'find', at: Date.now() }, () => this.inner.find(key, options));
  }

  async #meet<T>(made: Made, apply: () => Promise<T>): Promise<T> {
    this.calls.push(made);
    const index = this.#fates.findIndex(({ step }) => step === made.step);
    const [next] = index >= 0 ? this.#fates.splice(index, 1) : [];
    const fate = next?.fate ?? this.#always.get(made.step);
    switch (fate) {
      case undefined:
        return apply();
      case 'fail':
        throw new Error(`the store is down at ${made.step}`);
      case 'lose':
        await apply();
        throw new Error(`the answer to ${made.step} is lost`);
      case 'hang':
        return defer<T>().promise;
      case 'swallow':
        await apply();
        return defer<T>().promise;
      case 'hold': {
        const gate: Deferred<T> = defer();
        this.held.push({
          made,
          release: async () => {
            gate.resolve(await apply());
          },
        });
        return gate.promise;
      }
      default:
        return fate(apply);
    }
  }
}
