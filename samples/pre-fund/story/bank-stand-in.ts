import { setTimeout as pause } from 'node:timers/promises';
import type { Hold, HoldOrder, Settlement, SettlementOrder } from '../app/orders.js';

/** What the bank answers a request with: an HTTP status and a body. */
export interface BankAnswer {
  readonly status: number;
  readonly body?: object;
}

/** Hears what became of each request. */
export interface BankReport {
  ran(transactionId: string, key: string, what: string): void;
  worked(what: string): void;
  looked(key: string, what: string): void;
}

interface Kept {
  readonly key: string;
}

/** A stand-in for the core bank. Its ledger only ever grows, so that a hold too many cannot hide. */
export class BankStandIn {
  readonly ledger: (Hold & Kept)[] = [];
  readonly settlements: (Settlement & Kept)[] = [];
  /** How many of the next requests it does not answer. */
  outages = 0;
  readonly #balances: ReadonlyMap<string, number>;
  readonly #isForgetful: boolean;
  readonly #report: BankReport;

  constructor(options: {
    readonly balances: ReadonlyMap<string, number>;
    /** Forgets the keys, as a bank does that has none: every request is a new one. */
    readonly isForgetful?: boolean;
    readonly report: BankReport;
  }) {
    this.#balances = options.balances;
    this.#isForgetful = options.isForgetful ?? false;
    this.#report = options.report;
  }

  async placeHold(order: HoldOrder, key: string): Promise<BankAnswer> {
    await pause(30);
    const { transactionId, accountId, cents } = order;
    const report = (what: string) => this.#report.ran(transactionId, key, what);
    if (this.#isOut()) {
      report('it is unavailable');
      return { status: 503 };
    }
    const known = this.#known(this.ledger, key);
    if (known) {
      report(`it knows the key, ${known.holdId} stands`);
      return { status: 200, body: answer(known) };
    }
    const availableCents = this.available(accountId);
    if (availableCents < cents) {
      report('it says no: insufficient funds');
      return { status: 402, body: { availableCents } };
    }
    const holdId = `H-${this.ledger.length + 1}`;
    const hold = { transactionId, accountId, cents, holdId, placedAt: new Date(), key };
    this.ledger.push(hold);
    report(`it places ${holdId} of ${dollars(cents)}`);
    return { status: 201, body: answer(hold) };
  }

  /** The hold that was placed under the key. */
  async findHold(key: string): Promise<BankAnswer> {
    if (this.#isOut()) {
      this.#report.looked(key, 'it is unavailable');
      return { status: 503 };
    }
    const known = this.#known(this.ledger, key);
    this.#report.looked(key, known ? `${known.holdId} stands` : 'it knows of no hold');
    return known ? { status: 200, body: answer(known) } : { status: 404 };
  }

  async settle({ transactionId, cents }: SettlementOrder, key: string): Promise<BankAnswer> {
    await pause(30);
    const report = (what: string) =>
      this.#report.worked(`the bank is asked to pay ${transactionId}: ${what}`);
    if (this.#isOut()) {
      report('it is unavailable');
      return { status: 503 };
    }
    const known = this.#known(this.settlements, key);
    const settlement = known ?? { transactionId, cents, settledAt: new Date(), key };
    if (!known) this.settlements.push(settlement);
    report(known ? 'it knows the key, that is done' : `it pays ${dollars(cents)}`);
    return { status: known ? 200 : 201, body: answer(settlement) };
  }

  /** What is left on an account, in cents. */
  available(accountId: string): number {
    const holds = this.ledger.filter((hold) => hold.accountId === accountId);
    return holds.reduce((left, { cents }) => left - cents, this.#balances.get(accountId) ?? 0);
  }

  #isOut(): boolean {
    if (this.outages === 0) return false;
    this.outages -= 1;
    return true;
  }

  #known<T extends Kept>(kept: readonly T[], key: string): T | undefined {
    return this.#isForgetful ? undefined : kept.find((one) => one.key === key);
  }
}

/** An amount of money as people write it. */
export function dollars(cents: number): string {
  return (cents / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
}

// The key is between the bank and its caller.
function answer<T extends Kept>({ key: _, ...rest }: T): object {
  return rest;
}
