import { setTimeout as pause } from 'node:timers/promises';
import { recordOf } from 'retrysafe';
import { schema } from 'retrysafe/postgres';
import { PostgresServer } from '../../support/postgres-server.js';
import { openStore } from '../../support/store-description.js';
import { Bank } from './bank.js';
import { Crew } from './crew.js';
import type { Flaw } from './flawed-queues.js';
import type { Ledger } from './ledger.js';
import { Nemesis } from './nemesis.js';
import { paymentsTable, paymentsWith } from './payments.js';
import { type Plan, plansOf, tolerance } from './plan.js';
import { produce } from './producer.js';
import type { QueueState, QueueUnderTest, RunningQueue } from './queue-under-test.js';
import type { QueueName } from './queues.js';

export interface Task {
  readonly name: QueueName | Flaw;
  readonly queue: QueueUnderTest;
  readonly messages: number;
  readonly seed: number;
  /** How long it may take in all. */
  readonly seconds: number;
}

const workers = 3;
/** How many messages are sent in a second, and how long sending takes at least, in milliseconds. */
const rate = 33;
const shortestSending = 10_000;
const killEvery = 2_000;
/** A broker is killed that often while messages are sent: at least once, and then that long after the last time. */
const restartEvery = 20_000;
/** The queue has to be empty for so long, in milliseconds. */
const calm = 1_500;

const payments = `CREATE TABLE ${paymentsTable} (id text NOT NULL, cents int NOT NULL, payment text NOT NULL, attempt int NOT NULL)`;

/** One queue, the processes that consume it, and what is done to them. */
export class Torture {
  readonly #plans: readonly Plan[];
  readonly #stops: (() => Promise<unknown>)[] = [];
  #crew: Crew | undefined;

  constructor(
    readonly task: Task,
    readonly ledger: Ledger,
  ) {
    this.#plans = plansOf(task.messages, task.seed, task.queue.timing.method);
  }

  /** Resolves when everything that happened is in the ledger. */
  async run(): Promise<void> {
    const { ledger } = this;
    const { name, queue, messages, seed } = this.task;
    const { lease, renewFor, maxAttempts } = queue.timing.method;
    const [leaseMs, renewForMs] = [lease * 1_000, renewFor * 1_000];
    const { maxReceives } = queue.timing.queue;
    ledger.add({
      ...{ kind: 'rules', queue: name, seed, lease: leaseMs, renewFor: renewForMs, tolerance },
      ...{ maxAttempts, maxReceives },
    });
    const [postgres, bank, running] = await this.#start();
    const begunAt = performance.now();
    const crew = new Crew(
      workers,
      {
        ...{ queue: name, connection: running.connection, postgres: postgres.url, bank: bank.url },
        ...{ ledger: ledger.path, messages, seed },
      },
      ledger,
    );
    this.#crew = crew;
    const sending = Math.max(shortestSending, (messages / rate) * 1_000);
    const restarts = Math.max(1, Math.floor(sending / restartEvery));
    const restartsAt = Array.from({ length: restarts }, (_, index) => ((index + 0.5) * sending) / restarts);
    const nemesis = new Nemesis(running, crew, ledger, { lease: leaseMs, killEvery, restartsAt, seed });
    await produce(running, this.#plans, sending, ledger);
    await nemesis.end();
    const state = await this.#drained(running, begunAt);
    const seconds = Math.round((performance.now() - begunAt) / 1_000);
    await crew.dismiss();
    await this.#note(postgres, bank, state);
    ledger.add({ kind: 'over', open: state.open, seconds });
  }

  /** Ends all processes, and removes what the servers had. */
  async stop(): Promise<void> {
    this.kill();
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => {});
  }

  /** Ends all workers, at once. */
  kill(): void {
    this.#crew?.destroy();
  }

  async #start(): Promise<[PostgresServer, Bank, RunningQueue]> {
    const postgres = await PostgresServer.start();
    this.#stops.push(() => postgres.stop());
    await postgres.query(`${schema('records')};\n${payments}`);
    const bank = await Bank.start();
    this.#stops.push(() => bank.stop());
    const running = await this.task.queue.start();
    this.#stops.push(() => running.stop());
    return [postgres, bank, running];
  }

  /** Resolves to what the queue has when nothing is open any more, or when the time is over. */
  async #drained(running: RunningQueue, begunAt: number): Promise<QueueState> {
    let emptySince: number | undefined;
    for (let failure: unknown; ; await pause(250)) {
      const state = await running.state().catch((error) => {
        failure = error;
      });
      const now = performance.now();
      emptySince = state?.open === 0 ? (emptySince ?? now) : undefined;
      const isOver = now - begunAt > this.task.seconds * 1_000;
      if (state && (isOver || (emptySince !== undefined && now - emptySince > calm))) return state;
      if (isOver) throw failure;
    }
  }

  /** Notes what is left of each message: in the queue, in the table, at the bank, and in its record. */
  async #note(postgres: PostgresServer, bank: Bank, { parked }: QueueState): Promise<void> {
    const { ledger } = this;
    const open = await openStore({ kind: 'postgres', url: postgres.url, table: 'records' });
    if (open.kind !== 'postgres') throw new TypeError('it is a store on PostgreSQL');
    const { store, client: pool } = open;
    const service = paymentsWith(this.task.queue.timing, {
      ...{ store, pool, bank: bank.url, ledger, planOf: never, delivery: never },
    });
    for (const plan of this.#plans) {
      const view = await recordOf(service, 'pay', plan).inspect();
      if (view) ledger.add({ kind: 'record', id: plan.id, status: view.status, attempt: view.attempt });
    }
    const text = `SELECT id, payment, attempt FROM ${paymentsTable}`;
    const { rows } = await pool.query<{ id: string; payment: string; attempt: number }>(text);
    for (const row of rows) ledger.add({ kind: 'effect', ...row, where: 'table' });
    for (const { payment, order } of bank.payments) {
      const { id, attempt } = order;
      ledger.add({ kind: 'effect', id, payment, attempt, where: 'bank' });
    }
    for (const { id, reason } of parked) ledger.add({ kind: 'parked', id, reason });
    await open.close();
  }
}

function never(): never {
  throw new TypeError('nothing runs here');
}
