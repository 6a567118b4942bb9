import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ClaimLostError,
  currentExecution,
  type IdempotentOptions,
  InProgressError,
  makeIdempotent,
  onIdempotencyEvent,
  type PersistenceStore,
  StoreError,
} from 'retrysafe';

/** How all processes have their one operation. */
const options = { name: 'placeHold', lease: '2s', clockTolerance: '100ms', wait: '3s' } as const;
const longestRun = 150;

/** In milliseconds: the lease, and how long a call may take. */
export const lease = 2_000;
// A call waits for its `wait`, for a third of the lease with each of the store calls that go with claiming before and after
// it, for its method, and for five seconds with its completion.
export const longestCall = 3_000 + (4 * lease) / 3 + longestRun + 5_000;

/** What the operation returns: which run it was. */
export interface Hold {
  readonly key: string;
  readonly run: string;
}

/**
 * A line of the ledger: a run that began, ended or declined, a call that returned or was refused, or an outcome that the
 * store did not take.
 */
export interface LoadLine {
  readonly kind: 'begin' | 'end' | 'declined' | 'answered' | 'refused' | 'unrecorded';
  readonly key: string;
  readonly at: number;
  /** Of a run, and of an answer: which run it was. */
  readonly run?: string;
  readonly attempt?: number;
  /** Of a call: how long it took, in milliseconds. */
  readonly took?: number;
  /** Why it was refused. */
  readonly code?: string;
}

/** The operation, on any store and with any work. */
export function placeHold(
  store: PersistenceStore,
  run: (key: string) => Promise<Hold>,
  more: IdempotentOptions = {},
): (key: string) => Promise<Hold> {
  return makeIdempotent((key: string) => run(key), { ...options, ...more, store });
}

class Declined extends Error {}

/** What one process of an application does: calls of one operation, several at a time, until it is told to stop. */
export class Load {
  /** How many calls got an answer. */
  answered = 0;
  readonly #senders: number;
  readonly #ledger: string;
  /** What was run here, by the keys that the store knows it by. */
  readonly #ran = new Map<string, string>();
  readonly #operation: (key: string) => Promise<Hold>;
  #next = 0;
  #hasStopped = false;

  constructor(
    readonly worker: string,
    { store, ledger, senders }: { store: PersistenceStore; ledger: string; senders: number },
  ) {
    this.#ledger = ledger;
    this.#senders = senders;
    let runs = 0;
    this.#operation = placeHold(store, async (key) => {
      runs += 1;
      const hold = { key, run: `${worker}.${runs}` };
      const { attempt, key: id } = currentExecution();
      this.#ran.set(id, key);
      this.#append('begin', { ...hold, attempt });
      await pause(50 + ((runs * 37) % longestRun));
      if (attempt === 1 && mayDecline(key)) {
        this.#append('declined', hold);
        throw new Declined();
      }
      this.#append('end', hold);
      return hold;
    });
  }

  /** Resolves when it was told to stop, and each call has ended. Rejects where one got an error that no sender expects. */
  async run(): Promise<void> {
    const stop = onIdempotencyEvent('outcome-not-stored', ({ key }) =>
      this.#append('unrecorded', { key: this.#ran.get(key) ?? key }),
    );
    await Promise.all(Array.from({ length: this.#senders }, () => this.#sendAll()));
    stop();
  }

  stop(): void {
    this.#hasStopped = true;
  }

  async #sendAll(): Promise<void> {
    while (!this.#hasStopped) {
      const index = this.#next;
      this.#next += 1;
      const calls: Promise<unknown>[] = [this.#sendUntilAnswered(`hold-${index}`)];
      // Some are sent twice at a time, and some senders give up whatever the answer.
      if (index % 4 === 0) calls.push(this.#sendUntilAnswered(`hold-${index}`));
      if (index % 3 === 0) calls.push(this.#send(`once-${this.worker}-${index}`));
      await Promise.all(calls);
    }
  }

  async #sendUntilAnswered(key: string): Promise<void> {
    while (!(await this.#send(key))) await pause(150 + Math.random() * 200);
  }

  async #send(key: string): Promise<unknown> {
    const from = performance.now();
    const took = () => Math.round(performance.now() - from);
    try {
      const { run } = await this.#operation(key);
      this.#append('answered', { key, run, took: took() });
      this.answered += 1;
      return true;
    } catch (error) {
      this.#append('refused', { key, code: refusal(error), took: took() });
      return false;
    }
  }

  #append(kind: LoadLine['kind'], more: Omit<LoadLine, 'kind' | 'at'>): void {
    // One append, which is atomic beside other writers.
    appendFileSync(this.#ledger, `${JSON.stringify({ kind, at: Date.now(), ...more })}\n`);
  }
}

/** Some of those whose sender does not give up. */
function mayDecline(key: string): boolean {
  return /^hold-\d*3$/.test(key);
}

/** Why a sender has to send again; any other error ends the load. */
function refusal(error: unknown): string {
  if (error instanceof Declined) return 'declined';
  if (error instanceof StoreError || error instanceof InProgressError || error instanceof ClaimLostError) {
    return error.code;
  }
  throw error;
}
