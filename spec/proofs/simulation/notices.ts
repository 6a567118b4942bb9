import type { Host, SimulatedClock } from './clock.js';
import type { Database } from './database.js';

/** A call that waits: whether something happened while it did not ask, or cannot be told any more. */
interface Ear {
  readonly key: string;
  isDue: boolean;
  isDeaf: boolean;
  wake: () => void;
}

/** The connection on which one process gets notices. */
export class Listener {
  readonly #ears = new Map<AbortSignal, Ear>();
  #isBroken = false;
  readonly #hear = (key: string) => this.#noticed(key);

  constructor(
    readonly clock: SimulatedClock,
    readonly host: Host,
    readonly database: Database,
    /** Milliseconds until the next notice arrives, or nothing where it is lost. */
    readonly delay: () => number | undefined,
  ) {
    database.listeners.add(this.#hear);
  }

  /** As `PersistenceStore.changed` says. */
  async changed(key: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ear = this.#ears.get(signal) ?? this.#add(key, signal);
    while (!ear.isDue && !ear.isDeaf && !signal.aborted) {
      await new Promise<void>((resolve) => {
        ear.wake = resolve;
      });
    }
    ear.isDue = false;
    if (ear.isDeaf && !signal.aborted) throw new Error('the connection for notices is broken');
  }

  /** No more notices arrive, and listeners are told so. */
  break(): void {
    this.#isBroken = true;
    this.stop();
    for (const ear of this.#ears.values()) deafen(ear);
  }

  /** The process has ended. */
  stop(): void {
    this.database.listeners.delete(this.#hear);
  }

  /** How many calls listen. */
  get size(): number {
    return this.#ears.size;
  }

  #add(key: string, signal: AbortSignal): Ear {
    const ear: Ear = { key, isDue: false, isDeaf: this.#isBroken, wake: () => {} };
    this.#ears.set(signal, ear);
    signal.addEventListener('abort', () => {
      this.#ears.delete(signal);
      ear.wake();
    });
    // There and back until the server tells of everything that happens from then on.
    this.clock.schedule(this.host, 2, () => notify(ear));
    return ear;
  }

  #noticed(key: string): void {
    for (const ear of this.#ears.values()) {
      const delay = ear.key === key ? this.delay() : undefined;
      if (delay !== undefined) this.clock.schedule(this.host, delay, () => notify(ear));
    }
  }
}

function notify(ear: Ear): void {
  ear.isDue = true;
  ear.wake();
}

function deafen(ear: Ear): void {
  ear.isDeaf = true;
  ear.wake();
}
