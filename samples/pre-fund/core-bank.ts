import { setTimeout as pause } from 'node:timers/promises';
import { dollars } from './terminal.js';

/** What the sender asks for. */
export interface HoldOrder {
  readonly transactionId: string;
  readonly accountId: string;
  readonly cents: number;
}

/** Money set aside on an account. */
export interface Hold extends HoldOrder {
  readonly holdId: string;
  readonly placedAt: Date;
}

/** The bank's answer is no, and it will be no again. */
export class InsufficientFunds extends Error {
  override readonly name = 'InsufficientFunds';
  readonly statusCode = 402;

  constructor(readonly availableCents: number) {
    super(`only ${dollars(availableCents)} are available`);
  }
}

/** The bank gives no answer just now; nothing was done. */
export class BankUnavailable extends Error {
  override readonly name = 'BankUnavailable';
  readonly statusCode = 503;
  readonly retryAfter = 1;
}

/** The core bank, DNA, as this service knows it. */
export interface CoreBank {
  /** Places a hold. Asked again with the same `key`, it answers with the hold that it placed. */
  placeHold(order: HoldOrder, key: string): Promise<Hold>;
}

type Report = (order: HoldOrder, key: string, what: string) => void;

/** A stand-in for the core bank. Its ledger only ever grows, so that a hold too many cannot hide. */
export class CoreBankStandIn implements CoreBank {
  readonly ledger: (Hold & { readonly key: string })[] = [];
  /** How many of the next requests it does not answer. */
  outages = 0;
  readonly #balances: ReadonlyMap<string, number>;
  readonly #isForgetful: boolean;
  readonly #report: Report;

  constructor(options: {
    readonly balances: ReadonlyMap<string, number>;
    /** Forgets the keys, as a bank does that has none: every request is a new one. */
    readonly isForgetful: boolean;
    /** Hears what became of each request. */
    readonly report: Report;
  }) {
    this.#balances = options.balances;
    this.#isForgetful = options.isForgetful;
    this.#report = options.report;
  }

  async placeHold(order: HoldOrder, key: string): Promise<Hold> {
    await pause(30);
    if (this.outages > 0) {
      this.outages -= 1;
      this.#report(order, key, 'it is unavailable');
      throw new BankUnavailable('the core bank does not answer');
    }
    const known = this.#isForgetful ? undefined : this.ledger.find((hold) => hold.key === key);
    if (known) {
      this.#report(order, key, `it knows the key, ${known.holdId} stands`);
      return answer(known);
    }
    const available = this.available(order.accountId);
    if (available < order.cents) {
      this.#report(order, key, 'it says no: insufficient funds');
      throw new InsufficientFunds(available);
    }
    const hold = { ...order, holdId: `H-${this.ledger.length + 1}`, placedAt: new Date(), key };
    this.ledger.push(hold);
    this.#report(order, key, `it places ${hold.holdId} of ${dollars(hold.cents)}`);
    return answer(hold);
  }

  /** What is left on an account, in cents. */
  available(accountId: string): number {
    const holds = this.ledger.filter((hold) => hold.accountId === accountId);
    return holds.reduce((left, { cents }) => left - cents, this.#balances.get(accountId) ?? 0);
  }
}

// The key is between the bank and whoever asked.
function answer({ key: _, ...hold }: Hold & { readonly key: string }): Hold {
  return hold;
}
