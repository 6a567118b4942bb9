import { type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';

/** What the network does to one request. */
export interface Weather {
  readonly kind: 'arrives' | 'refused' | 'request lost' | 'answer lost' | 'answer never comes';
  /** Milliseconds until the request arrives, and until its answer is back: requests overtake each other. */
  readonly there: number;
  readonly back: number;
  /** How many writes a read lags behind. */
  readonly lag: number;
}

const fair: Weather = { kind: 'arrives', there: 1, back: 1, lag: 0 };

/** The one database of a simulation. It notes what stood, and sees at every write whether an outcome was overwritten. */
export class Database {
  readonly #records = new InMemoryStore();
  readonly #history = new Map<string, IdempotencyRecord[]>();
  readonly violations: string[] = [];

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#noting(this.#records.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#noting(this.#records.replace(record, token));
  }

  async find(key: string, lag = 0): Promise<IdempotencyRecord | undefined> {
    const versions = this.#history.get(key) ?? [];
    return lag > 0 ? versions.at(-1 - lag) : this.#records.find(key);
  }

  /** Every outcome that ever stood. */
  get completed(): IdempotencyRecord[] {
    return [...this.#history.values()].flat().filter(({ state }) => state.status === 'completed');
  }

  async #noting<T extends IdempotencyRecord | undefined>(answer: Promise<T>): Promise<T> {
    const holder = await answer;
    if (!holder) return holder;
    const versions = this.#history.get(holder.key) ?? [];
    this.#history.set(holder.key, versions);
    const last = versions.at(-1);
    if (last?.token === holder.token) return holder;
    if (last?.state.status === 'completed' && Date.now() < last.expiresAt) {
      this.violations.push(
        `the outcome ${last.token} was overwritten by ${holder.token} (${holder.state.status})`,
      );
    }
    versions.push(holder);
    return holder;
  }
}

/** The database as one process reaches it, through the weather of the whole simulation. */
export class Network implements PersistenceStore {
  isDown = false;

  constructor(
    readonly database: Database,
    readonly forecast: Iterator<Weather>,
  ) {}

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#send(() => this.database.claim(record, now));
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    return this.#send(() => this.database.replace(record, token));
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    return this.#send(({ lag }) => this.database.find(key, options?.consistent ? 0 : lag));
  }

  async #send<T>(apply: (weather: Weather) => Promise<T>): Promise<T> {
    const weather: Weather = this.forecast.next().value ?? fair;
    const { kind, there, back } = weather;
    if (this.isDown || kind === 'request lost') return new Promise(() => {});
    if (kind === 'refused') throw new Error('connection refused');
    await pause(there);
    const answer = await apply(weather);
    await pause(back);
    if (kind === 'answer lost') throw new Error('connection reset');
    return kind === 'arrives' ? answer : new Promise(() => {});
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
