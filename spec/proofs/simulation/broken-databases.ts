import type { Completion, IdempotencyRecord } from 'retrysafe';
import type { Host, SimulatedClock } from './clock.js';
import { copied, Database, type Version, type Witness } from './database.js';
import { atomic } from './models/atomic.js';
import type { StoreModel } from './store-model.js';

/** A store that does one thing wrong, and the rules that may catch it. */
export interface BrokenModel {
  readonly fault: string;
  readonly rules: readonly string[];
  readonly model: StoreModel;
}

type Kept = IdempotencyRecord | undefined;

function broken(
  fault: string,
  rules: readonly string[],
  Broken: new (clock: SimulatedClock, witness: Witness) => Database,
): BrokenModel {
  return {
    fault,
    rules,
    model: { ...atomic, name: fault, create: (clock, witness) => new Broken(clock, witness) },
  };
}

export const brokenModels: readonly BrokenModel[] = [
  broken(
    'its replace does not check the token',
    [
      'no write of a former holder',
      'a recorded outcome stays',
      'no write undoes a later one',
      'one unlapsed claim',
    ],
    class extends Database {
      override replace(record: IdempotencyRecord, _token: string, by: Host) {
        return this.write('replace', record, by);
      }
    },
  ),
  broken(
    'its claim does not check the holder',
    ['one unlapsed claim', 'a recorded outcome stays'],
    class extends Database {
      override claim(record: IdempotencyRecord, _now: number, by: Host) {
        return this.write('claim', record, by);
      }
    },
  ),
  broken(
    'its claim reads, and then writes',
    ['one unlapsed claim', 'a recorded outcome stays'],
    class extends Database {
      override async claim(record: IdempotencyRecord, now: number, by: Host) {
        const holder = this.standing(record.key)?.record;
        if (holder && holder.expiresAt > now) return copied(holder);
        await new Promise<void>((resolve) => this.clock.schedule(this.host, 3, resolve));
        return this.write('claim', record, by);
      }
    },
  ),
  broken(
    'its replace compares the owner and not the token',
    ['no write undoes a later one', 'a recorded outcome stays'],
    class extends Database {
      override replace(record: IdempotencyRecord, token: string, by: Host) {
        const holder = this.standing(record.key)?.record;
        const isOwn = holder?.token.split('.')[0] === token.split('.')[0];
        return isOwn ? this.write('replace', record, by) : holder && copied(holder);
      }
    },
  ),
  broken(
    'it says that a completion was written which was not',
    ['answers are outcomes', 'no run without a reason'],
    class extends Database {
      override replace(record: IdempotencyRecord, token: string, by: Host): Kept {
        return record.state.status === 'completed'
          ? copied(record)
          : (super.replace(record, token, by) as Kept);
      }
    },
  ),
  broken(
    'it deletes what has not expired',
    ['no run without a reason', 'one runner', 'answers are outcomes'],
    class extends Database {
      protected override deletesAt({ at }: Version): number {
        return at + 1_000;
      }
    },
  ),
  broken(
    'it completes without a condition in transactions',
    [
      'no write of a former holder',
      'a recorded outcome stays',
      'no write undoes a later one',
      'transactions are exactly once',
    ],
    class extends Database {
      override commit({ record }: Completion, by: Host): boolean {
        this.write('transaction', record, by);
        return true;
      }
    },
  ),
  broken(
    'it mixes up two keys',
    ['answers are outcomes', 'no run without a reason', 'every call ends in time'],
    class extends Database {
      override find(key: string, lag: number, by: Host): Kept {
        const other = this.keys.find((one) => one !== key) ?? key;
        const seen = super.find(other, lag, by) as Kept;
        return seen && { ...seen, key };
      }
    },
  ),
  broken(
    'it forgets fingerprints',
    ['fingerprints are kept'],
    class extends Database {
      protected override write(...[step, record, by]: Parameters<Database['write']>): IdempotencyRecord {
        const { fingerprint: _, ...state } = record.state;
        return super.write(step, { ...record, state }, by);
      }
    },
  ),
];
