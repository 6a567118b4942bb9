import type { Context } from 'aws-lambda';
import { currentExecution, IdempotencyDefaults, Idempotent, type PersistenceStore } from 'retrysafe';
import type { CoreBank } from './core-bank.js';
import { BankSilent, InsufficientFunds } from './failures.js';
import type {
  Hold,
  HoldOrder,
  Refund,
  RefundOrder,
  Replayable,
  Settlement,
  SettlementOrder,
  StepOrder,
} from './orders.js';
import type { Refunds } from './refunds.js';

/** What all holds at the bank have in common. */
const holds = {
  fingerprint: '[accountId, cents]',
  remember: [InsufficientFunds],
  onError: (error: unknown) => (error instanceof BankSilent ? 'unknown' : undefined),
  // The end of the attempt before is unknown: its process died, or the bank did not respond.
  async onAbandoned(this: PreFundService): Promise<{ readonly value: Hold } | 'run'> {
    const hold = await this.bank.findHold();
    return hold ? { value: hold } : 'run';
  },
} as const;

/** Does everything once, however often it is asked to. The context tells how long a claim may last. */
@IdempotencyDefaults({
  // Part of each key, which must not depend on what a bundler makes of the class's name.
  name: 'PreFundService',
  store: (self: PreFundService) => self.store,
  ttl: '24h',
  // Shorter than a duplicate waits: a retry right after a crash gets its answer in the same request.
  lease: '8s',
  wait: '12s',
  mapReplay: (result) => ({ ...result, isReplay: true }),
})
export class PreFundService {
  constructor(
    readonly store: PersistenceStore,
    readonly bank: CoreBank,
    readonly refunds: Refunds,
  ) {}

  @Idempotent({ key: 'transactionId', ...holds })
  async placeHold(order: HoldOrder, _context: Context): Promise<Replayable<Hold>> {
    return this.bank.placeHold(order);
  }

  @Idempotent({ key: '[execution, state]', ...holds })
  async placeHoldFor(step: StepOrder, _context: Context): Promise<Replayable<Hold>> {
    const transactionId = currentExecution().deriveKey('transaction');
    return this.bank.placeHold({ transactionId, accountId: step.accountId, cents: step.cents });
  }

  // A message may come back for as long as the queue and then its dead-letter queue keep it.
  @Idempotent({ key: 'transactionId', fingerprint: 'cents', ttl: '19d' })
  async settle(order: SettlementOrder, _context: Context): Promise<Replayable<Settlement>> {
    const settlement = await this.bank.settle(order);
    await this.refunds.allow(settlement);
    return settlement;
  }

  @Idempotent({ key: 'refundId', fingerprint: '[transactionId, cents]' })
  async refund(order: RefundOrder, _context: Context): Promise<Replayable<Refund>> {
    const refund = { ...order, refundedAt: new Date() };
    const completion = await currentExecution().completion(refund);
    await this.refunds.book(refund, completion);
    return refund;
  }
}
