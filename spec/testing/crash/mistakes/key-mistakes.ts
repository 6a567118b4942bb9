import { expect } from 'chai';
import { FingerprintError, makeIdempotent } from 'retrysafe';
import { Bank, mistake, type Order, order } from './mistake.js';

export const keyMistakes = [
  mistake('the time is part of the key', /key of call \d is another one/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const bank = new Bank();
      const place = effect('bank.place', (of: Order) => bank.place(`${bank.holds.length}`, of));
      const operation = makeIdempotent(async (request: Order & { readonly at: number }) => place(request), {
        name: 'holds.place',
        key: isWrong ? '[id, at]' : 'id',
        onAbandoned: 'refuse',
        onError: () => 'unknown',
        store,
      });
      return { bank, operation };
    },
    calls: [({ operation }) => operation({ ...order, at: Date.now() })],
    invariant: ({ bank }) => expect(bank.holds).to.have.length.at.most(1),
  })),

  mistake('the number of the delivery is part of the key', /key of call \d is another one/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const bank = new Bank();
      const place = effect('bank.place', (of: Order) => bank.place(`${bank.holds.length}`, of));
      const operation = makeIdempotent(async (request: Order, _delivery: number) => place(request), {
        name: 'holds.place',
        key: isWrong ? ({ id }, delivery) => [id, delivery] : ({ id }) => id,
        onAbandoned: 'refuse',
        onError: () => 'unknown',
        store,
      });
      return { bank, operation };
    },
    calls: [({ operation }, { number }) => operation(order, number)],
    invariant: ({ bank }) => expect(bank.holds).to.have.length.at.most(1),
  })),

  mistake('the key leaves the amount out', /have the same key/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const paid: number[] = [];
      const pay = effect('bank.pay', (cents: number) => paid.push(cents));
      const operation = makeIdempotent(
        async ({ cents }: { readonly account: string; readonly cents: number }) => {
          await pay(cents);
          return cents;
        },
        { name: 'payments.pay', key: isWrong ? 'account' : '[account, cents]', store },
      );
      return { paid, operation };
    },
    faults: 0,
    calls: [
      ({ operation }) => operation({ account: 'A', cents: 10 }),
      ({ operation }) => operation({ account: 'A', cents: 20 }),
    ],
    invariant: ({ paid }) => expect(paid).to.have.members([10, 20]),
  })),

  mistake('tenants share their keys', /have the same key/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const sent: string[] = [];
      const send = effect('mail.send', (tenant: string) => sent.push(tenant));
      const operation = makeIdempotent(
        async ({ tenant }: { readonly tenant: string; readonly id: string }) => {
          await send(tenant);
        },
        { name: 'mails.send', key: 'id', ...(!isWrong && { scope: 'tenant' }), store },
      );
      return { sent, operation };
    },
    faults: 0,
    calls: [
      ({ operation }) => operation({ tenant: 'a', id: '1' }),
      ({ operation }) => operation({ tenant: 'b', id: '1' }),
    ],
    invariant: ({ sent }) => expect(sent).to.have.members(['a', 'b']),
  })),

  mistake(
    'another request under the same id gets the first one’s answer',
    /have the same key/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const pay = effect('bank.pay', (cents: number) => cents);
        const operation = makeIdempotent(async ({ cents }: Order) => pay(cents), {
          name: 'payments.pay',
          key: 'id',
          ...(!isWrong && { fingerprint: 'cents' }),
          store,
        });
        return { operation };
      },
      faults: 0,
      calls: [
        ({ operation }) => operation({ id: '1', cents: 10 }),
        ({ operation }) => operation({ id: '1', cents: 20 }),
      ],
      invariant: (_made, ends) => {
        for (const end of ends) if ('error' in end) expect(end.error).to.be.instanceOf(FingerprintError);
        expect(ends.filter((end) => 'value' in end)).to.have.length(1);
      },
    }),
  ),
];
