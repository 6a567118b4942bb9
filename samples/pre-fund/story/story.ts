import { isDeepStrictEqual } from 'node:util';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { IdempotencyEventName } from 'retrysafe';
import type { Hold, HoldOrder } from '../app/orders.js';
import { type BankReport, dollars } from './bank-stand-in.js';
import { print, row, say } from './terminal.js';

const counters = ['requests', 'runs', 'holds', 'replays', 'refused'] as const;

/**
 * What is counted in a scene: requests that arrived, runs of a method, holds that the ledger grew by, outcomes that
 * the library replayed, and requests that it refused.
 */
export type Counts = Record<(typeof counters)[number], number>;

/** In the order of the table's columns. */
export function counts(
  requests: number,
  runs: number,
  holds: number,
  replays: number,
  refused: number,
): Counts {
  return { requests, runs, holds, replays, refused };
}

/** Tells the story while it happens, and holds what it counts against what should be. */
export class Story implements BankReport {
  readonly #scenes: { readonly title: string; readonly expected: Counts; readonly found: Counts }[] = [];
  readonly #faults: string[] = [];
  readonly #answered = new Map<string, Set<string>>();
  readonly #keys = new Map<string, Set<string>>();
  #counts = counts(0, 0, 0, 0, 0);

  /** The idempotency key that the library last told of. */
  key: string | undefined;

  /** The bank's report, which exists before the story's. */
  ledger: readonly Hold[] = [];

  /** Plays a scene, whose counts have to be as expected in the end. */
  async scene(number: string, title: string, expected: Counts, play: () => Promise<void>): Promise<void> {
    print();
    print(`${number.padEnd(4)}${title}`, 'bold');
    const before = this.ledger.length;
    this.#counts = counts(0, 0, 0, 0, 0);
    await play();
    this.#counts.holds = this.ledger.length - before;
    this.#scenes.push({ title: `${number.padEnd(4)}${title}`, expected, found: this.#counts });
  }

  /** A request came, of whatever kind. */
  requested(what: string): void {
    this.#counts.requests += 1;
    say('arrived', what);
  }

  arrived({ transactionId, cents }: HoldOrder, remark = ''): void {
    this.requested(`POST /pre-fund/holds  ${transactionId}  ${dollars(cents)}${remark}`);
  }

  /** A method ran, and asked the bank for a hold under this key. */
  ran(transactionId: string, key: string, what: string): void {
    note(this.#keys, transactionId, key);
    this.worked(`the bank is asked for a hold, key ${key.slice(0, 8)}…: ${what}`);
  }

  /** A method ran, and did this. */
  worked(what: string): void {
    this.#counts.runs += 1;
    say('ran', what);
  }

  /** Nothing ran: the bank was asked what became of a request. */
  looked(key: string, what: string): void {
    say('recovery', `the bank is asked what became of key ${key.slice(0, 8)}…: ${what}`);
  }

  happened(name: IdempotencyEventName, words: string, key: string, remark = ''): void {
    this.key = key;
    if (name === 'replayed') this.#counts.replays += 1;
    if (name === 'refused') this.#counts.refused += 1;
    say('retrysafe', `${name.padEnd(10)}  ${words}${remark}`);
  }

  answered({ transactionId }: HoldOrder, result: APIGatewayProxyResult): void {
    const { statusCode, headers, body } = result;
    const isReplay = headers?.['Idempotency-Replayed'] === 'true';
    if (statusCode !== 201) this.refused(result);
    else
      this.placed({ ...JSON.parse(body), transactionId }, '201  ', isReplay ? '  Idempotency-Replayed' : '');
  }

  /** A hold is the answer. */
  placed({ transactionId, holdId, cents }: Hold, status = '', remark = ''): void {
    note(this.#answered, transactionId, holdId);
    say('answered', `${status}${holdId} of ${dollars(cents)}${remark}`);
  }

  /** Problem details are the answer. */
  refused({ statusCode, body }: APIGatewayProxyResult): void {
    const { title, detail } = JSON.parse(body);
    say('answered', `${statusCode}  ${title}: ${detail}`, 'red');
  }

  /** Notes a fault where the two differ. */
  expect(what: string, found: unknown, expected: unknown): void {
    if (isDeepStrictEqual(found, expected)) return;
    this.#faults.push(`${what}: ${JSON.stringify(found)}, it should be ${JSON.stringify(expected)}`);
  }

  /** Prints the table and the verdict, and answers whether everything is as it should be. */
  end(): boolean {
    for (const { title, expected, found } of this.#scenes) {
      for (const counter of counters) this.expect(`${title}: ${counter}`, found[counter], expected[counter]);
    }
    this.#checkLedger();
    print();
    row('', counters, 'bold');
    for (const { title, expected, found } of this.#scenes) {
      row(
        title,
        counters.map((one) => `${found[one]}${found[one] === expected[one] ? '' : '!'}`),
      );
    }
    const totals = counters.map((one) => this.#scenes.reduce((total, { found }) => total + found[one], 0));
    row('    In all', totals.map(String), 'bold');
    print();
    for (const fault of this.#faults) print(`Not as it should be: ${fault}`, 'red');
    if (this.#faults.length > 0) return false;
    const held = dollars(this.ledger.reduce((total, { cents }) => total + cents, 0));
    print(
      `The ledger is as it should be: ${this.ledger.length} holds, one for each that the bank accepted, ${held}`,
      'green',
    );
    return true;
  }

  #checkLedger(): void {
    for (const transactionId of new Set([
      ...this.#keys.keys(),
      ...this.ledger.map((hold) => hold.transactionId),
    ])) {
      const placed = this.ledger.filter((hold) => hold.transactionId === transactionId);
      const answered = [...(this.#answered.get(transactionId) ?? [])];
      this.expect(
        `${transactionId}: holds on the ledger`,
        placed.map(({ holdId }) => holdId),
        answered,
      );
      this.expect(`${transactionId}: holds answered`, answered.length <= 1, true);
      this.expect(
        `${transactionId}: keys that the bank was asked under`,
        this.#keys.get(transactionId)?.size,
        1,
      );
    }
  }
}

function note(notes: Map<string, Set<string>>, name: string, value: string): void {
  notes.set(name, (notes.get(name) ?? new Set()).add(value));
}
