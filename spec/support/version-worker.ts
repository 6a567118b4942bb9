import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Completion, IdempotentOptions, PersistenceStore } from 'retrysafe';
import { type Library, load, type Version } from './library-version.js';
import type { StoreDescription } from './store-description.js';

/** What a thread does: it has one operation of one version of the library. */
export interface VersionJob {
  readonly version: Version;
  readonly store: StoreDescription;
  readonly options: IdempotentOptions;
  /** What `onError` decides. Functions cannot be sent to a thread. */
  readonly onError?: 'release' | 'unknown';
  /** Whether its runs complete themselves, in a transaction, before they wait for their end. */
  readonly commits?: boolean;
}

export interface Hold {
  readonly transactionId: string;
  readonly amount: number;
}

/** What a run returns: plain data, and values that are not. */
export interface Placed {
  readonly by: Version;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly placedAt: Date;
  readonly amounts: ReadonlyMap<string, number>;
}

export type Asked =
  | { readonly kind: 'call'; readonly id: number; readonly hold: Hold }
  /** Ends the run that waits. */
  | { readonly kind: 'end'; readonly transactionId: string; readonly isFailure: boolean }
  | { readonly kind: 'forget'; readonly id: number; readonly hold: Hold }
  /** Lets nothing happen in the thread until the word is another than 0. */
  | { readonly kind: 'suspend'; readonly word: Int32Array };

export type ToldByVersion =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly transactionId: string; readonly attempt: number }
  /** A claim met the record of another call. */
  | { readonly kind: 'met'; readonly status: string }
  | { readonly kind: 'ended'; readonly id: number; readonly end: End };

/** How a call ended for its caller. */
export type End =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string | undefined; readonly message: string } };

const port = parentPort as MessagePort;
const tell = (told: ToldByVersion) => port.postMessage(told);
const ends = new Map<string, (isFailure: boolean) => void>();

const job: VersionJob = workerData;
const library = await load(job.version);
const { store, commit } = await open(library, job.store);
const placeHold = library.makeIdempotent(
  async ({ transactionId, amount }: Hold): Promise<Placed> => {
    const { attempt, fencingToken } = library.currentExecution();
    const amounts = new Map([[transactionId, amount]]);
    const placed = { by: job.version, attempt, fencingToken, placedAt: new Date(), amounts };
    if (job.commits) await commit(await library.currentExecution().completion(placed));
    const isFailure = await new Promise<boolean>((resolve) => {
      ends.set(transactionId, resolve);
      tell({ kind: 'running', transactionId, attempt });
    });
    if (isFailure) throw new Error('the bank is closed');
    return placed;
  },
  {
    name: 'placeHold',
    key: 'transactionId',
    fingerprint: 'amount',
    ...job.options,
    ...(job.onError && { onError: () => job.onError as 'unknown' }),
    store,
  },
);

port.on('message', (asked: Asked) => {
  switch (asked.kind) {
    case 'call':
      return void answer(asked.id, () => placeHold(asked.hold));
    case 'forget':
      return void answer(asked.id, () => library.recordOf(placeHold, asked.hold).forget());
    case 'end':
      return ends.get(asked.transactionId)?.(asked.isFailure);
    default:
      Atomics.wait(asked.word, 0, 0);
  }
});
tell({ kind: 'ready' });

async function answer(id: number, act: () => Promise<unknown>): Promise<void> {
  try {
    tell({ kind: 'ended', id, end: { value: await act() } });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    tell({ kind: 'ended', id, end: { error: { code, message } } });
  }
}

interface Opened {
  readonly store: PersistenceStore;
  /** Completes a call in a transaction of its own. */
  commit(completion: Completion): Promise<unknown>;
}

async function open({ postgres, dynamodb }: Library, description: StoreDescription): Promise<Opened> {
  if (description.kind === 'postgres') {
    const { Pool } = await import('pg');
    const client = new Pool({ connectionString: description.url, max: 4 });
    const opened = new postgres.PostgresStore({ client, table: description.table });
    const commit = async (completion: Completion) => {
      const tx = await client.connect();
      await tx.query('BEGIN');
      await opened.complete(tx, completion);
      await tx.query('COMMIT');
      tx.release();
    };
    return { store: telling(opened), commit };
  }
  if (description.kind !== 'dynamodb') throw new Error(`there is no ${description.kind} for two versions`);
  const { DynamoDBClient, TransactWriteItemsCommand } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient(description.connection);
  const opened = new dynamodb.DynamoDBStore({ client, tableName: description.tableName });
  const commit = (completion: Completion) =>
    client.send(new TransactWriteItemsCommand({ TransactItems: [opened.transactItem(completion)] }));
  return { store: telling(opened), commit };
}

function telling(inner: PersistenceStore): PersistenceStore {
  return {
    async claim(record, now) {
      const holder = await inner.claim(record, now);
      if (holder.token !== record.token) tell({ kind: 'met', status: holder.state.status });
      return holder;
    },
    replace: (record, token) => inner.replace(record, token),
    find: (key, options) => inner.find(key, options),
  };
}
