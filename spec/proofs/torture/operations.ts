import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Abandoned,
  type AbandonedDecision,
  ClaimLostError,
  currentExecution,
  IdempotencyError,
  type IdempotentOptions,
  makeIdempotent,
  onIdempotencyEvent,
} from 'retrysafe';
import type { OpenStore } from '../../support/store-description.js';
import { type Business, businessOf, type Progress } from './business.js';
import { eventNames, type Ledger, ownerOf, type Policy, policiesOf, type StoreName } from './ledger.js';
import { callUnderWay, notingWrites } from './noted-writes.js';

/** How all processes have their operations, in milliseconds. */
export const lease = 2_000;
export const tolerance = 200;

/** What an operation returns: whose effect it was. */
interface Outcome {
  readonly key: string;
  readonly run: string;
}

type Operation = (key: string) => Promise<Outcome>;

class Declined extends Error {}

class TransactionFailed extends Error {}

/** One worker's operations, one for each policy. They note what they do, and die where chance has it. */
export class Operations {
  readonly #byPolicy: Readonly<Record<string, Operation>>;
  readonly #business: Business | undefined;
  /** What runs here, by the key and attempt that events tell of. */
  readonly #running = new Map<string, Outcome>();
  #runs = 0;
  #calls = 0;

  constructor(
    readonly store: StoreName,
    readonly worker: string,
    open: OpenStore,
    readonly ledger: Ledger,
    readonly random: () => number,
    /** How likely a process dies at each point where that would be a pity. */
    readonly mortality: number,
  ) {
    this.#business = businessOf(open);
    const options = {
      store: notingWrites(open.store, ledger),
      lease: `${lease}ms`,
      clockTolerance: `${tolerance}ms`,
      wait: '3s',
    } as const;
    const operation = (policy: Policy, onAbandoned: NonNullable<IdempotentOptions['onAbandoned']>) =>
      makeIdempotent((key: string) => this.#run(key, policy), { ...options, name: policy, onAbandoned });
    this.#byPolicy = {
      run: operation('run', 'run'),
      refuse: operation('refuse', 'refuse'),
      recover: operation('recover', (abandoned, key: string) => this.#recover(abandoned, key)),
      transaction: operation('transaction', 'run'),
    };
    this.#noteEvents();
  }

  get policies(): readonly Policy[] {
    return policiesOf(this.store);
  }

  /** The operation that has this key. */
  of(key: string): Operation {
    return this.#byPolicy[ownerOf(key).policy] as Operation;
  }

  /** Calls an operation once. Returns how it ended: the code of an error, if it was one. */
  async call(key: string): Promise<string | undefined> {
    this.#calls += 1;
    const call = `${this.worker}:${this.#calls}`;
    const from = performance.now();
    const took = () => Math.round(performance.now() - from);
    this.ledger.add({ kind: 'called', key, call, worker: this.worker });
    try {
      const { run } = await callUnderWay.run({ key, call }, () => this.of(key)(key));
      this.ledger.add({ kind: 'answered', key, call, run, took: took() });
      return undefined;
    } catch (error) {
      const code = codeOf(error);
      this.ledger.add({ kind: 'refused', key, call, code, took: took() });
      return code;
    }
  }

  async #run(key: string, policy: Policy): Promise<Outcome> {
    this.#runs += 1;
    const outcome = { key, run: `${this.worker}.${this.#runs}` };
    const { attempt, fencingToken: token, key: id, signal } = currentExecution();
    const call = callUnderWay.getStore()?.call;
    this.ledger.add({ kind: 'began', ...outcome, worker: this.worker, call, attempt, token });
    this.#running.set(`${id} ${attempt}`, outcome);
    try {
      await pause(20 + this.random() * 200);
      if (attempt === 1 && mayDecline(key)) throw new Declined();
      // Only one of the policies has runners that listen.
      if (policy === 'recover') signal.throwIfAborted();
      const effect = { ...outcome, attempt, token, pid: process.pid };
      if (policy === 'transaction') {
        await this.#transact(effect);
      } else {
        this.ledger.add({ kind: 'effect', ...effect });
        this.#progress.dies('after the effect');
      }
      // Between the effect and its completion; now and then for so long that the lease has to be renewed.
      await pause(this.random() < 0.1 ? lease * (1 + this.random()) : 50 + this.random() * 600);
    } catch (error) {
      const why = error instanceof Error ? error.constructor.name : String(error);
      this.ledger.add({ kind: 'failed', ...outcome, why });
      throw error;
    }
    this.#progress.dies('before it returns');
    this.ledger.add({ kind: 'returned', ...outcome });
    return outcome;
  }

  async #transact(effect: Parameters<Business['commit']>[0]): Promise<void> {
    const { key, run } = effect;
    this.ledger.add({ kind: 'completing', key, run });
    const completion = await currentExecution().completion({ key, run });
    const { record, token: follows } = completion;
    const call = callUnderWay.getStore()?.call;
    this.ledger.add({ kind: 'sent', key, call, record, follows, isHandedOut: true });
    try {
      await this.#business?.commit(effect, completion, this.#progress);
    } catch (cause) {
      if (cause instanceof ClaimLostError) throw cause;
      throw new TransactionFailed('the transaction failed', { cause });
    }
  }

  /** Looks whether an earlier run had its effect. */
  #recover(abandoned: Abandoned, key: string): AbandonedDecision<Outcome> {
    const { attempt, fencingToken: token } = currentExecution();
    // What events tell of from now on is about this execution, and not about the run that had the attempt before.
    this.#running.delete(`${abandoned.key} ${attempt}`);
    const call = callUnderWay.getStore()?.call;
    this.ledger.add({ kind: 'recovering', key, worker: this.worker, call, attempt, token });
    const run = this.ledger.effectOf(key);
    this.ledger.add({ kind: 'decided', key, call, runs: run === undefined });
    return run === undefined ? 'run' : { value: { key, run } };
  }

  readonly #progress: Progress = {
    dies: (where) => {
      if (this.random() >= this.mortality) return;
      this.ledger.add({ kind: 'killed', worker: this.worker, where });
      // Nothing of this process happens after it.
      process.kill(process.pid, 'SIGKILL');
    },
    passes: async (where) => {
      await pause(this.random() * 300);
      this.#progress.dies(where);
    },
  };

  #noteEvents(): void {
    for (const name of eventNames) {
      onIdempotencyEvent(name, (event) => {
        const outcome = this.#running.get(`${event.key} ${event.attempt}`);
        // A run sends nothing but what replaces a record of its own.
        if (!outcome || ('step' in event && event.step !== 'replace')) return;
        const until = 'leaseUntil' in event ? { until: event.leaseUntil } : {};
        this.ledger.add({ kind: 'event', name, ...outcome, ...until });
      });
    }
  }
}

/** Some first runs end with an error, before they have an effect. */
function mayDecline(key: string): boolean {
  return /[37]$/.test(key);
}

function codeOf(error: unknown): string {
  if (error instanceof IdempotencyError) return error.code;
  if (error instanceof Declined) return 'declined';
  if (error instanceof TransactionFailed) return 'transaction failed';
  return String(error);
}
