import { setTimeout as pause } from 'node:timers/promises';
import {
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
  type PersistenceStore,
} from 'retrysafe';

class Declined extends Error {}

interface Request {
  readonly id: string;
  readonly payload?: string;
}

type Method = (request: Request, context?: unknown) => Promise<unknown>;

/** A store that is out of reach now and then. */
class Unsteady implements PersistenceStore {
  #calls = 0;

  constructor(
    readonly inner: PersistenceStore,
    readonly everyNth: number,
  ) {}

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#sometimes(() => this.inner.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#sometimes(() => this.inner.replace(record, token));
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.#sometimes(() => this.inner.find(key, options));
  }

  #sometimes<T>(send: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    return this.#calls % this.everyNth === 0 ? Promise.reject(new Error('out of reach')) : send();
  }
}

/**
 * Everything that calls come to, in rounds. A key that fails is used again: its record stays for a day, and is no leak.
 * `peer` reaches the same records as another process would.
 */
export class MixedLoad {
  calls = 0;
  #number = 0;
  readonly #operations: Readonly<Record<string, Method>>;

  constructor(store: PersistenceStore, peer: PersistenceStore) {
    const operation = (name: string, method: Method, more: IdempotentOptions = {}): Method =>
      makeIdempotent(method, {
        name: `soak ${name}`,
        key: 'id',
        store,
        ttl: '1s',
        lease: '300ms',
        clockTolerance: '10ms',
        ...more,
      });
    const quick: Method = async ({ id }) => ({ id, at: Date.now() });
    const slow: Method = async ({ id }) => {
      await pause(20);
      return { id };
    };
    const listening: Method = async ({ id }) => {
      currentExecution().signal.addEventListener('abort', () => {});
      return id;
    };
    const fails: Method = () => Promise.reject(new Declined());
    const ours = {
      quick: operation('quick', quick),
      rich: operation('rich', async () => ({ at: new Date(), all: new Map([[1, 2n]]) })),
      kept: operation('kept', quick, { keepLocal: 50 }),
      joined: operation('joined', slow),
      waits: operation('waits', slow),
      waitsElsewhere: operation('waits', slow, { store: peer }),
      listening: operation('listening', listening),
      renewed: operation('renewed', () => pause(150)),
      lost: operation('lost', () => pause(350), { renewFor: '300ms' }),
      fails: operation('fails', fails),
      remembers: operation('remembers', fails, { remember: [Declined] }),
      unknown: operation('unknown', fails, {
        onError: () => 'unknown',
        onAbandoned: async () => ({ value: 'recovered' }),
      }),
      completes: operation('completes', async ({ id }) => {
        const { record, token } = await currentExecution().completion(id);
        await store.replace(record, token);
        return id;
      }),
      unsteady: operation('unsteady', quick, { store: new Unsteady(store, 7), onStoreFailure: 'run' }),
      derives: operation('derives', async () => currentExecution().deriveKey('booking')),
    };
    this.#operations = ours;
  }

  /** Some of each, and replays of them; resolves when all have ended. */
  async round(): Promise<void> {
    await Promise.all(Array.from({ length: 8 }, () => this.#each()));
  }

  async #each(): Promise<void> {
    this.#number += 1;
    const id = `${this.#number}`;
    const again = { id: `${this.#number % 50}` };
    const request = { id, payload: 'x'.repeat(500) };
    const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: id, functionName: 'soak' };
    const quick = [
      ...['quick', 'rich', 'kept', 'listening', 'completes', 'derives'].map((name) =>
        this.#call(name, request),
      ),
      this.#call('quick', request, context),
      ...['fails', 'remembers', 'unknown', 'unsteady'].map((name) => this.#call(name, again)),
    ];
    const slow = ['joined', 'joined', 'joined', 'waits', 'waitsElsewhere'].map((name) =>
      this.#call(name, request),
    );
    // These take longer than a round should.
    if (this.#number % 100 === 0) slow.push(this.#call('renewed', again), this.#call('lost', again));
    await Promise.all(quick);
    for (const name of ['quick', 'rich', 'kept'])
      for (let copy = 0; copy < 5; copy += 1) await this.#call(name, request);
    await Promise.all([...slow, this.#call('unknown', again)]);
  }

  #call(name: string, request: Request, context?: unknown): Promise<unknown> {
    this.calls += 1;
    return (this.#operations[name] as Method)(request, context).catch(expected);
  }
}

function expected(error: unknown): void {
  const { code } = error as { readonly code?: string };
  if (error instanceof Declined || code?.startsWith('ERR_IDEMPOTENCY')) return;
  throw error;
}
