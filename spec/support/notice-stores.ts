import { EventEmitter } from 'node:events';
import type { IdempotencyRecord, PersistenceStore } from 'retrysafe';
import { SoundStore } from './broken-stores.js';

/** The notices of a key that a signal got since it last waited. */
interface Ear {
  isDue: boolean;
  fault: Error | undefined;
  wake: () => void;
}

/** A store that obeys every law and gives notices, in parts that a broken one can override. */
export class SoundNoticeStore extends SoundStore {
  readonly ears = new Map<AbortSignal, { readonly key: string; readonly ear: Ear }>();
  readonly connection = new EventEmitter();

  override async replace(
    ...[record, token]: Parameters<SoundStore['replace']>
  ): ReturnType<SoundStore['replace']> {
    const holder = await super.replace(record, token);
    if (holder?.token === record.token) this.tell(record);
    return holder;
  }

  tell({ key }: IdempotencyRecord): void {
    for (const { key: own, ear } of this.ears.values()) if (own === key) this.hear(ear);
  }

  hear(ear: Ear): void {
    ear.isDue = true;
    ear.wake();
  }

  async changed(key: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return this.refuse();
    const ear = this.ears.get(signal)?.ear ?? this.listen(key, signal);
    await this.due(ear, signal);
    if (ear.fault) throw ear.fault;
    ear.isDue = false;
  }

  /** What a call gets whose signal has aborted. */
  async refuse(): Promise<void> {}

  async due(ear: Ear, signal: AbortSignal): Promise<void> {
    while (!ear.isDue && !ear.fault && !signal.aborted) {
      await new Promise<void>((resolve) => {
        ear.wake = resolve;
      });
    }
  }

  listen(key: string, signal: AbortSignal): Ear {
    const ear: Ear = { isDue: true, fault: undefined, wake: () => {} };
    this.ears.set(signal, { key, ear });
    signal.addEventListener('abort', () => this.leave(signal, ear));
    this.connection.once('lost', () => this.lose(ear));
    return ear;
  }

  leave(signal: AbortSignal, ear: Ear): void {
    this.ears.delete(signal);
    ear.wake();
  }

  lose(ear: Ear): void {
    ear.fault = new Error('the connection is lost');
    ear.wake();
  }
}

export function loseConnection(store: PersistenceStore): void {
  (store as SoundNoticeStore).connection.emit('lost');
}

/** Stores whose notices do one thing wrong, and a law that this breaks. */
export const brokenNoticeStores: readonly {
  readonly fault: string;
  readonly breaks: string;
  create(): PersistenceStore;
}[] = [
  {
    fault: 'does not say that it has begun to listen',
    breaks: 'changed() resolves once when the store has begun to listen',
    create: () =>
      new (class extends SoundNoticeStore {
        override listen(key: string, signal: AbortSignal): Ear {
          const ear = super.listen(key, signal);
          ear.isDue = false;
          return ear;
        }
      })(),
  },
  {
    fault: 'tells of the first replace alone',
    breaks: 'changed() resolves each time that a replace writes the record of its key',
    create: () =>
      new (class extends SoundNoticeStore {
        hasTold = false;

        override tell(record: IdempotencyRecord): void {
          if (!this.hasTold) super.tell(record);
          this.hasTold = true;
        }
      })(),
  },
  {
    fault: 'tells of completions alone',
    breaks: 'changed() resolves each time that a replace writes the record of its key',
    create: () =>
      new (class extends SoundNoticeStore {
        override tell(record: IdempotencyRecord): void {
          if (record.state.status === 'completed') super.tell(record);
        }
      })(),
  },
  {
    fault: 'forgets a replace while no call is pending',
    breaks: 'changed() resolves for a replace between two calls with the same signal',
    create: () =>
      new (class extends SoundNoticeStore {
        override async due(ear: Ear, signal: AbortSignal): Promise<void> {
          // The first call with a signal is told that the store listens.
          if (this.known.has(ear)) ear.isDue = false;
          this.known.add(ear);
          await super.due(ear, signal);
        }

        readonly known = new Set<Ear>();
      })(),
  },
  {
    fault: 'tells one signal of each key',
    breaks: 'changed() resolves for each signal, also when another one has aborted',
    create: () =>
      new (class extends SoundNoticeStore {
        override tell({ key }: IdempotencyRecord): void {
          const first = [...this.ears.values()].find((one) => one.key === key);
          if (first) this.hear(first.ear);
        }
      })(),
  },
  {
    fault: 'stops listening to a key with the first signal that aborts',
    breaks: 'changed() resolves for each signal, also when another one has aborted',
    create: () =>
      new (class extends SoundNoticeStore {
        override leave(signal: AbortSignal, ear: Ear): void {
          const key = this.ears.get(signal)?.key;
          super.leave(signal, ear);
          for (const [other, one] of this.ears)
            if (one.key === key) this.ears.set(other, { ...one, key: '' });
        }
      })(),
  },
  {
    fault: 'lets a call pend whose signal aborts',
    breaks: 'changed() ends when its signal aborts',
    create: () =>
      new (class extends SoundNoticeStore {
        override leave(signal: AbortSignal): void {
          this.ears.delete(signal);
        }
      })(),
  },
  {
    fault: 'lets a call pend whose signal had aborted before',
    breaks: 'changed() ends when its signal aborts',
    create: () =>
      new (class extends SoundNoticeStore {
        override refuse(): Promise<void> {
          return new Promise(() => {});
        }
      })(),
  },
  {
    fault: 'lets a call pend whose connection is lost',
    breaks: 'changed() does not stay pending when its connection is lost',
    create: () =>
      new (class extends SoundNoticeStore {
        override lose(): void {}
      })(),
  },
];
