import { appendFileSync } from 'node:fs';
import {
  currentExecution,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  StoreError,
} from 'retrysafe';
import { openStore, type StoreDescription } from './store-description.js';

/** What a worker process does: it calls one operation with each of the keys. */
export interface Job {
  readonly worker: number;
  readonly store: StoreDescription;
  readonly ledger: string;
  readonly keys: readonly string[];
  /** How many of its calls are under way at a time. */
  readonly atOnce: number;
  readonly options: IdempotentOptions;
}

/** What a worker tells. A run waits in its middle until its key comes back. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly key: string }
  | { readonly kind: 'answered'; readonly answer: Answer };

/** The outcome of one run: who made it. */
export interface Answer {
  readonly key: string;
  readonly worker: number;
  readonly attempt: number;
}

/** A line of the ledger: a run that began, a run that ended, or an outcome that a caller got. */
export interface Line extends Answer {
  readonly kind: 'begin' | 'end' | 'answered';
}

// The parent process sends one job, and then the keys of the runs that may go on.
process.once('message', (job: Job) => void work(job));
process.once('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function work({ worker, store: description, ledger, keys, atOnce, options }: Job): Promise<void> {
  const goOn = new Map<string, () => void>();
  process.on('message', (key: string) => goOn.get(key)?.());
  // One append, which is atomic beside other writers.
  const append = (line: Line) => appendFileSync(ledger, `${JSON.stringify(line)}\n`);

  const { store } = await openStore(description);
  const placeHold = makeIdempotent(
    async (key: string): Promise<Answer> => {
      const answer = { key, worker, attempt: currentExecution().attempt };
      append({ kind: 'begin', ...answer });
      const mayGoOn = new Promise<void>((resolve) => {
        goOn.set(key, resolve);
      });
      tell({ kind: 'running', key });
      await mayGoOn;
      append({ kind: 'end', ...answer });
      return answer;
    },
    { ...options, store },
  );

  const left = keys[Symbol.iterator]();
  const callAll = async () => {
    for (const key of left) {
      const answer = await retried(() => placeHold(key));
      append({ kind: 'answered', ...answer });
      tell({ kind: 'answered', answer });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, callAll));
}

/** As senders do: on a slow machine an answer may take longer than a short lease lets the engine wait for it. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreError || error instanceof InProgressError)) throw error;
    }
  }
}

function tell(told: Told): void {
  process.send?.(told);
}
