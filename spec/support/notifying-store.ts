import { type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { ScriptedStore } from './scripted-store.js';

/** The listeners of a key, and whether it changed between two waits. */
interface Ear {
  readonly key: string;
  isDue: boolean;
  wake: () => void;
}

/** The records of all processes, and the listeners to their changes. */
class Records implements PersistenceStore {
  readonly ears = new Map<AbortSignal, Ear>();
  readonly #kept = new InMemoryStore();
  /** Whether notices get lost. */
  isMute = false;

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    return this.#kept.claim(record, now);
  }

  async replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const holder = await this.#kept.replace(record, token);
    if (holder?.token === record.token && !this.isMute) this.notify(record.key);
    return holder;
  }

  find(key: string): Promise<IdempotencyRecord | undefined> {
    return this.#kept.find(key);
  }

  notify(key?: string): void {
    for (const ear of this.ears.values()) {
      if (key !== undefined && ear.key !== key) continue;
      ear.isDue = true;
      ear.wake();
    }
  }
}

/** A scripted store that gives notices, or does what the spec says. */
export class NotifyingStore extends ScriptedStore {
  /** The signals of those who asked for notices here, once for each notice that they asked for. */
  readonly asked: AbortSignal[] = [];
  /** Until then a call that wants to listen does not. */
  beginning: Promise<void> = Promise.resolve();
  /** What `changed` does instead of what it should. */
  instead: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly #records: Records;

  constructor(records = new Records()) {
    super(records);
    this.#records = records;
  }

  override peer(): NotifyingStore {
    return new NotifyingStore(this.#records);
  }

  /** How many calls listen just now, in all processes. */
  get listening(): number {
    return this.#records.ears.size;
  }

  loseNotices(): void {
    this.#records.isMute = true;
  }

  /** Gives all listeners a notice without a change. */
  cryWolf(): void {
    this.#records.notify();
  }

  changed(key: string, signal: AbortSignal): Promise<void> {
    this.asked.push(signal);
    return this.instead ? this.instead(signal) : this.#changed(key, signal);
  }

  async #changed(key: string, signal: AbortSignal): Promise<void> {
    const { ears } = this.#records;
    if (!ears.has(signal)) {
      await this.beginning;
      if (signal.aborted) return;
      const ear: Ear = { key, isDue: true, wake: () => {} };
      ears.set(signal, ear);
      signal.addEventListener('abort', () => {
        ears.delete(signal);
        ear.wake();
      });
    }
    const ear = ears.get(signal) as Ear;
    while (!ear.isDue && !signal.aborted) {
      await new Promise<void>((resolve) => {
        ear.wake = resolve;
      });
    }
    ear.isDue = false;
  }
}
