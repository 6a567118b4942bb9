import { type IdempotencyRecord, type PersistenceStore, StoreError } from 'retrysafe';

type Kept = IdempotencyRecord | undefined;

/** A store that obeys every law, in parts that a broken one can override. */
export class SoundStore implements PersistenceStore {
  readonly texts = new Map<string, string>();

  async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const holder = this.read(record.key);
    return holder && this.isHeld(holder, now, record) ? holder : this.keep(record);
  }

  async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
    const holder = this.read(record.key);
    return holder && this.matches(holder, token, record) ? this.keep(record) : holder;
  }

  async find(key: string): Promise<Kept> {
    return this.read(key);
  }

  isHeld({ expiresAt }: IdempotencyRecord, now: number, _record: IdempotencyRecord): boolean {
    return expiresAt > now;
  }

  matches(holder: IdempotencyRecord, token: string, _record: IdempotencyRecord): boolean {
    return holder.token === token;
  }

  read(key: string): Kept {
    const text = this.texts.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  keep(record: IdempotencyRecord): IdempotencyRecord {
    this.texts.set(record.key, JSON.stringify(record));
    return JSON.parse(JSON.stringify(record));
  }
}

/** A store with one fault, and the one law that the fault breaks. */
export interface BrokenStore {
  readonly fault: string;
  readonly breaks: string;
  create(): PersistenceStore;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const size = (record: IdempotencyRecord) => JSON.stringify(record).length;

function withKeysBy(change: (key: string) => string): PersistenceStore {
  return new (class extends SoundStore {
    override read(key: string): Kept {
      const holder = super.read(change(key));
      return holder && { ...holder, key };
    }

    override keep(record: IdempotencyRecord): IdempotencyRecord {
      this.texts.set(change(record.key), JSON.stringify(record));
      return record;
    }
  })();
}

function withStatesBy(change: (state: object) => object): PersistenceStore {
  return new (class extends SoundStore {
    override keep(record: IdempotencyRecord): IdempotencyRecord {
      return super.keep({ ...record, state: change(record.state) as IdempotencyRecord['state'] });
    }
  })();
}

function withFields(change: (field: unknown) => unknown, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => change(withFields(change, part)));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => {
      const changed = change(withFields(change, field));
      return changed === undefined ? [] : [[name, changed]];
    }),
  );
}

export const brokenStores: readonly BrokenStore[] = [
  {
    fault: 'invents a record for a key that was never written',
    breaks: 'a claim of a free key keeps the record and returns it',
    create: () =>
      new (class extends SoundStore {
        isUsed = false;

        override async find(key: string): Promise<Kept> {
          return this.isUsed ? super.find(key) : (null as unknown as undefined);
        }

        override keep(record: IdempotencyRecord): IdempotencyRecord {
          this.isUsed = true;
          return super.keep(record);
        }

        override async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
          this.isUsed = true;
          return super.replace(record, token);
        }
      })(),
  },
  {
    fault: 'returns to a losing claim the holder’s token with the claim’s own state',
    breaks: 'a claim of a held key changes nothing and returns the holder',
    create: () =>
      new (class extends SoundStore {
        override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
          const holder = await super.claim(record, now);
          return { ...holder, state: record.state };
        }
      })(),
  },
  {
    fault: 'rejects a claim that is repeated as a conflict',
    breaks: 'a repeated claim returns the record that the first one kept',
    create: () =>
      new (class extends SoundStore {
        override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
          if (this.read(record.key)?.token === record.token) throw new Error('the condition was not met');
          return super.claim(record, now);
        }
      })(),
  },
  {
    fault: 'does not believe a caller whose clock is ahead of its own',
    breaks: 'a claim replaces a record at its expiresAt, and not a millisecond before',
    create: () =>
      new (class extends SoundStore {
        override isHeld(holder: IdempotencyRecord, now: number, record: IdempotencyRecord): boolean {
          return super.isHeld(holder, Math.min(now, Date.now()), record);
        }
      })(),
  },
  {
    fault: 'drops what has expired by its own clock, as a cleaning job does',
    breaks: 'a claim compares expiresAt with its argument now, and not with a clock',
    create: () =>
      new (class extends SoundStore {
        override isHeld(holder: IdempotencyRecord, now: number, record: IdempotencyRecord): boolean {
          return super.isHeld(holder, Math.max(now, Date.now()), record);
        }
      })(),
  },
  {
    fault: 'writes token and expiry of a replacement, and leaves a part of the state as it was',
    breaks: 'a replace with the current token keeps the new record and returns it',
    create: () =>
      new (class extends SoundStore {
        override async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
          const { fencingToken } = this.read(record.key)?.state ?? record.state;
          return super.replace({ ...record, state: { ...record.state, fencingToken } }, token);
        }
      })(),
  },
  {
    fault: 'lays a replacement over the old state',
    breaks: 'a replace with the current token keeps the new record and returns it',
    create: () =>
      new (class extends SoundStore {
        override async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
          const state = { ...this.read(record.key)?.state, ...record.state };
          return super.replace({ ...record, state }, token);
        }
      })(),
  },
  {
    fault: 'compares tokens whatever their case',
    breaks: 'a replace with another token changes nothing and returns the holder',
    create: () =>
      new (class extends SoundStore {
        override matches(holder: IdempotencyRecord, token: string): boolean {
          return holder.token.toLowerCase() === token.toLowerCase();
        }
      })(),
  },
  {
    fault: 'takes no token for any token',
    breaks: 'a replace with another token changes nothing and returns the holder',
    create: () =>
      new (class extends SoundStore {
        override matches(holder: IdempotencyRecord, token: string): boolean {
          return token === '' || holder.token === token;
        }
      })(),
  },
  {
    fault: 'compares no more of a token than it is asked for',
    breaks: 'a replace with another token changes nothing and returns the holder',
    create: () =>
      new (class extends SoundStore {
        override matches(holder: IdempotencyRecord, token: string): boolean {
          return holder.token.startsWith(token);
        }
      })(),
  },
  {
    fault: 'keeps a replacement of nothing',
    breaks: 'a replace of a free key keeps nothing and returns undefined',
    create: () =>
      new (class extends SoundStore {
        override async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
          return this.read(record.key) ? super.replace(record, token) : this.keep(record);
        }
      })(),
  },
  {
    fault: 'takes an expired record for absent when it is to be replaced',
    breaks: 'a replace ignores expiresAt',
    create: () =>
      new (class extends SoundStore {
        override matches(holder: IdempotencyRecord, token: string): boolean {
          return holder.token === token && holder.expiresAt > Date.now();
        }
      })(),
  },
  {
    fault: 'lets a write that it has seen before through again',
    breaks: 'a repeated replace changes nothing after a later one',
    create: () =>
      new (class extends SoundStore {
        readonly seen = new Set<string>();

        override matches(holder: IdempotencyRecord, token: string, record: IdempotencyRecord): boolean {
          return holder.token === token || this.seen.has(record.token);
        }

        override keep(record: IdempotencyRecord): IdempotencyRecord {
          this.seen.add(record.token);
          return super.keep(record);
        }
      })(),
  },
  {
    fault: 'reads whether a key is free, and writes a moment later',
    breaks: 'one of several simultaneous claims wins, and each of them returns the winner',
    create: () =>
      new (class extends SoundStore {
        override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
          if (this.read(record.key)) return super.claim(record, now);
          await nextTurn();
          return this.keep(record);
        }
      })(),
  },
  {
    fault: 'reads whether a record has expired, and writes a moment later',
    breaks:
      'one of several simultaneous claims of an expired record wins, and each of them returns the winner',
    create: () =>
      new (class extends SoundStore {
        override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
          const holder = this.read(record.key);
          if (!holder || this.isHeld(holder, now, record)) return super.claim(record, now);
          await nextTurn();
          return this.keep(record);
        }
      })(),
  },
  {
    fault: 'compares the token, and writes a moment later',
    breaks: 'one of several simultaneous replaces wins, and each of them returns the winner',
    create: () =>
      new (class extends SoundStore {
        override async replace(record: IdempotencyRecord, token: string): Promise<Kept> {
          if (this.read(record.key)?.token !== token) return super.replace(record, token);
          await nextTurn();
          return this.keep(record);
        }
      })(),
  },
  ...Object.entries({
    'takes keys for equal whatever their case': (key: string) => key.toLowerCase(),
    'drops the space at the end of a key': (key: string) => key.trimEnd(),
    'normalises the letters of a key': (key: string) => key.normalize('NFC'),
    'cuts long keys off': (key: string) => key.slice(0, 255),
    'leaves signs out of a key': (key: string) => key.replace(/[%'"\\]/g, ''),
  }).map(([fault, change]) => ({
    fault,
    breaks: 'two keys that differ in one character are two keys',
    create: () => withKeysBy(change),
  })),
  ...Object.entries({
    'drops null': (value: unknown) => (value === null ? undefined : value),
    'drops empty texts': (value: unknown) => (value === '' ? undefined : value),
    'rounds numbers': (value: unknown) => (typeof value === 'number' ? Math.round(value) : value),
  }).map(([fault, change]) => ({
    fault: `${fault} in a state`,
    breaks: 'a state is returned as it was written, whatever JSON it contains',
    create: () => withStatesBy((state) => withFields(change, state) as object),
  })),
  {
    fault: 'sorts the properties of a state',
    breaks: 'a state is returned as it was written, whatever JSON it contains',
    create: () => withStatesBy((state) => Object.fromEntries(Object.entries(state).sort())),
  },
  {
    fault: 'stores and returns the very objects that it gets',
    breaks: 'a returned record shares no references with an argument or with the kept record',
    create: () =>
      new (class extends SoundStore {
        readonly holders = new Map<string, IdempotencyRecord>();

        override read(key: string): Kept {
          return this.holders.get(key);
        }

        override keep(record: IdempotencyRecord): IdempotencyRecord {
          this.holders.set(record.key, record);
          return record;
        }
      })(),
  },
  {
    fault: 'returns the very objects that it stores',
    breaks: 'a returned record shares no references with an argument or with the kept record',
    create: () =>
      new (class extends SoundStore {
        readonly holders = new Map<string, IdempotencyRecord>();

        override read(key: string): Kept {
          return this.holders.get(key);
        }

        override keep(record: IdempotencyRecord): IdempotencyRecord {
          const own = structuredClone(record);
          this.holders.set(record.key, own);
          return own;
        }
      })(),
  },
  {
    fault: 'refuses what is too large with an error of its own',
    breaks: 'a record that is too large rejects with tooLarge, and the holder stays',
    create: () =>
      new (class extends SoundStore {
        override keep(record: IdempotencyRecord): IdempotencyRecord {
          if (size(record) > 400_000) throw new Error('Item size has exceeded the maximum allowed size');
          return super.keep(record);
        }
      })(),
  },
  {
    fault: 'refuses a claim that is too large with an error of its own',
    breaks: 'a record that is too large rejects with tooLarge, and the holder stays',
    create: () =>
      new (class extends SoundStore {
        override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
          if (size(record) > 400_000) throw new Error('Item size has exceeded the maximum allowed size');
          return super.claim(record, now);
        }
      })(),
  },
  {
    fault: 'takes the bytes of an outcome for text',
    breaks: 'an outcome of bytes is returned byte for byte',
    create: () =>
      withStatesBy((state) => {
        const { outcome } = state as { readonly outcome?: { readonly base64?: string } };
        if (outcome?.base64 === undefined) return state;
        const text = Buffer.from(outcome.base64, 'base64').toString('utf8');
        return { ...state, outcome: { ...outcome, base64: Buffer.from(text).toString('base64') } };
      }),
  },
  {
    fault: 'leaves the bytes of an outcome where another takes its place',
    breaks: 'an outcome of bytes is returned byte for byte',
    create: () => {
      let left: string | undefined;
      return withStatesBy((state) => {
        const { outcome } = state as { readonly outcome?: { readonly base64?: string } };
        left = outcome?.base64 ?? left;
        return outcome && left !== undefined ? { ...state, outcome: { ...outcome, base64: left } } : state;
      });
    },
  },
  {
    fault: 'keeps expiresAt in seconds of 32 bits',
    breaks: 'a record can expire at the end of the year 9999',
    create: () =>
      new (class extends SoundStore {
        override keep(record: IdempotencyRecord): IdempotencyRecord {
          return super.keep({ ...record, expiresAt: Math.min(record.expiresAt, (2 ** 32 - 1) * 1_000) });
        }
      })(),
  },
  {
    fault: 'hides a record from its expiresAt on',
    breaks: 'a find ignores expiresAt',
    create: () =>
      new (class extends SoundStore {
        override async find(key: string): Promise<Kept> {
          const holder = await super.find(key);
          return holder && holder.expiresAt > Date.now() ? holder : undefined;
        }
      })(),
  },
  {
    fault: 'cuts off what is too large',
    breaks: 'a record that is too large rejects with tooLarge, and the holder stays',
    create: () =>
      withStatesBy(
        (state) =>
          withFields(
            (value) => (typeof value === 'string' ? value.slice(0, 400_000) : value),
            state,
          ) as object,
      ),
  },
  {
    fault: 'drops the holder when its successor is too large',
    breaks: 'a record that is too large rejects with tooLarge, and the holder stays',
    create: () =>
      new (class extends SoundStore {
        override keep(record: IdempotencyRecord): IdempotencyRecord {
          if (size(record) <= 400_000) return super.keep(record);
          this.texts.delete(record.key);
          throw new StoreError('the record is too large', { tooLarge: true });
        }
      })(),
  },
];
