import { expect } from 'chai';
import { currentExecution, FingerprintError, makeIdempotent } from 'retrysafe';
import { Bank, mistake, type Order, order } from './mistake.js';

export const keyMistakes = [
  mistake(
    'the time is part of the key',
    /^The key of call 1 is another one when it is delivered again/,
    (isWrong) => ({
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
    }),
  ),

  mistake(
    'the number of the delivery is part of the key',
    /^The key of call 1 is another one when it is delivered again/,
    (isWrong) => ({
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
    }),
  ),

  mistake(
    'the id of the message is the key, and the sender writes another one',
    /^Call 1 and call 2 have different keys/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (of: Order) => bank.place(`${bank.holds.length}`, of));
        const operation = makeIdempotent(async (_message: string, request: Order) => place(request), {
          name: 'holds.place',
          key: isWrong ? (message) => message : (_message, { id }) => id,
          onAbandoned: 'refuse',
          onError: () => 'unknown',
          store,
        });
        return { bank, operation };
      },
      calls: [({ operation }) => operation('M-1', order), ({ operation }) => operation('M-2', order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length.at.most(1),
    }),
  ),

  mistake('the key leaves the amount out', /^Call 1 and call 2 have the same key/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const paid = new Map<string, number>();
      const pay = effect('bank.pay', (key: string, cents: number) => paid.set(key, cents));
      const operation = makeIdempotent(
        async ({ cents }: { readonly account: string; readonly cents: number }) => {
          await pay(currentExecution().deriveKey('payment'), cents);
          return cents;
        },
        { name: 'payments.pay', key: isWrong ? 'account' : '[account, cents]', store },
      );
      return { paid, operation };
    },
    calls: [
      ({ operation }) => operation({ account: 'A', cents: 10 }),
      ({ operation }) => operation({ account: 'A', cents: 20 }),
    ],
    invariant: ({ paid }) => expect([...paid.values()]).to.have.members([10, 20]),
  })),

  mistake('tenants share their keys', /^Call 1 and call 2 have the same key/, (isWrong) => ({
    setUp: ({ store, effect }) => {
      const sent = new Map<string, string>();
      const send = effect('mail.send', (key: string, tenant: string) => sent.set(key, tenant));
      const operation = makeIdempotent(
        async ({ tenant }: { readonly tenant: string; readonly id: string }) => {
          await send(currentExecution().deriveKey('mail'), tenant);
        },
        { name: 'mails.send', key: 'id', ...(!isWrong && { scope: 'tenant' }), store },
      );
      return { sent, operation };
    },
    calls: [
      ({ operation }) => operation({ tenant: 'a', id: '1' }),
      ({ operation }) => operation({ tenant: 'b', id: '1' }),
    ],
    invariant: ({ sent }) => expect([...sent.values()]).to.have.members(['a', 'b']),
  })),

  mistake(
    'another request under the same id gets the first one’s answer',
    /^Call 1 and call 2 have the same key/,
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
