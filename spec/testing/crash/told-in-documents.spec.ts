import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Idempotent, type PersistenceStore } from 'retrysafe';
import { CrashTestError, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

interface Order {
  readonly transactionId: string;
}

interface Bank {
  placeHold(key: string, order: Order): Promise<string>;
}

/** The service of the guide, which hands no derived key over. */
class PreFundService {
  constructor(
    readonly bank: Bank,
    readonly store: PersistenceStore,
  ) {}

  @Idempotent({ key: 'transactionId', store: (self: PreFundService) => self.store })
  async placeHold(order: Order): Promise<string> {
    return this.bank.placeHold(randomUUID(), order);
  }
}

function reportIn(document: string): string[] {
  const text = readFileSync(new URL(`../../../../${document}`, import.meta.url), 'utf8');
  const block = /```text\n(one hold[^`]*(?:`[^`]+`[^`]*)*?)\n```/.exec(text)?.[1];
  return block?.split('\n').filter((line) => line.trim() !== '') ?? [];
}

describe('the report of a crash test in the documents', () => {
  let message: string[];
  before(async () => {
    const request = { transactionId: 'T-1' };
    const error = await rejection(
      crashTest({
        setUp: ({ store, effect }) => {
          const ledger = new Map<string, Order>();
          const bank = {
            placeHold: effect('bank.placeHold', (key: string, order: Order) => {
              ledger.set(key, order);
              return `H-${[...ledger.keys()].indexOf(key) + 1}`;
            }),
          };
          return { service: new PreFundService(bank, store), ledger };
        },
        calls: [({ service }) => service.placeHold(request), ({ service }) => service.placeHold(request)],
        invariant: ({ ledger }) => assert.equal(ledger.size, 1, 'one hold'),
      }),
    );
    expect(error).to.be.instanceOf(CrashTestError);
    message = (error as Error).message.split('\n').filter((line) => line.trim() !== '' && line !== '2 !== 1');
  });

  it('is what it prints, in the guide', () => {
    expect(reportIn('docs/guide/testing.md')).to.deep.equal(message);
  });

  it('is a part of what it prints, in the README', () => {
    const lines = reportIn('README.md');
    expect(lines.length).to.be.greaterThan(6);
    const told = message.filter((line) => lines.includes(line));
    expect(lines).to.deep.equal(told);
  });
});
