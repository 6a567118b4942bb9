import type { Context } from 'aws-lambda';
import { currentExecution, IdempotencyDefaults, Idempotent, type PersistenceStore } from 'retrysafe';
import { queueTiming } from 'retrysafe/queues';
import type { CoreBank } from './core-bank.js';
import { BankSilent, InsufficientFunds } from './failures.js';
import type { Hold, Settlement, SettlementOrder, StepOrder } from './orders.js';
import type { Refunds } from './refunds.js';

/**
 * The queue of settlements and its function, as template.yaml has them. A message may come back for as long as the queue, then the dead-letter
 * queue, and then the queue again keep it.
 */
export const settlementTiming = queueTiming({
  visibilityTimeout: 180,
  maxReceives: 5,
  workTime: 30,
  retention: '23d',
});

/** Does what the workflow and the queue ask for once, however often. The context tells how long a claim may last. */
@IdempotencyDefaults({
  // Part of each key, which must not depend on what a bundler makes of the class's name.
  name: 'PreFundService',
  store: (self: PreFundService) => self.store,
  ttl: '24h',
  lease: '8s',
  wait: '12s',
})
export class PreFundService {
  constructor(
    readonly store: PersistenceStore,
    readonly bank: CoreBank,
    readonly refunds: Refunds,
  ) {}

  @Idempotent({
    key: '[execution, state]',
    fingerprint: '[accountId, cents]',
    remember: [InsufficientFunds],
    onError: (error) => (error instanceof BankSilent ? 'unknown' : undefined),
    // The end of the attempt before is unknown: its process died, or the bank did not respond.
    async onAbandoned() {
      const hold = await this.bank.findHold();
      return hold ? { value: hold } : 'run';
    },
  })
  async placeHoldFor(step: StepOrder, _context: Context): Promise<Hold> {
    const transactionId = currentExecution().deriveKey('transaction');
    return this.bank.placeHold({ transactionId, accountId: step.accountId, cents: step.cents });
  }

  @Idempotent({ key: 'transactionId', fingerprint: 'cents', ...settlementTiming.method })
  async settle(order: SettlementOrder, _context: Context): Promise<Settlement> {
    const settlement = await this.bank.settle(order);
    await this.refunds.allow(settlement);
    return settlement;
  }
}
