import { expect } from 'chai';
import { currentExecution, makeIdempotent } from 'retrysafe';
import { Bank, mistake, type Order, order } from './mistake.js';

export const recoveryMistakes = [
  mistake(
    'the recovery answers from the memory of its process',
    /recovery function answered with "no hold" without having asked/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const find = effect('bank.find', (key: string) => bank.find(key));
        return { bank, place, find, store };
      },
      // Each process has a cache of its own, which is empty when it begins.
      start: ({ place, find, store }) => {
        const cache = new Map<string, string>();
        const operation = makeIdempotent(
          async (request: Order) => {
            const hold = await place(currentExecution().deriveKey('hold'), request);
            cache.set(request.id, hold);
            return hold;
          },
          {
            name: 'holds.place',
            key: 'id',
            store,
            onAbandoned: async (_abandoned: unknown, { id }: Order): Promise<{ value: string } | 'run'> => {
              if (isWrong) return { value: cache.get(id) ?? 'no hold' };
              const hold = await find(currentExecution().deriveKey('hold'));
              return hold === undefined ? 'run' : { value: hold };
            },
          },
        );
        return operation;
      },
      calls: [(operation) => operation(order), (operation) => operation(order)],
      invariant: ({ bank }, ends) => {
        expect(bank.holds).to.have.length(1);
        for (const end of ends) expect(end).to.have.property('value', 'H-1');
      },
    }),
  ),

  mistake(
    'the recovery looks before the earlier attempt has ended',
    /^bank\.place was called by .* What bank\.find had found before was no longer so/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const find = effect('bank.find', (id: string) => {
          const at = bank.holds.findIndex((hold) => hold.order.id === id);
          return at < 0 ? undefined : `H-${at + 1}`;
        });
        let requests = 0;
        const operation = makeIdempotent(
          async (request: Order) => {
            requests += 1;
            return place(isWrong ? `request ${requests}` : currentExecution().deriveKey('hold'), request);
          },
          {
            name: 'holds.place',
            key: 'id',
            store,
            onError: () => 'unknown',
            onAbandoned: async (_abandoned: unknown, { id }: Order): Promise<{ value: string } | 'run'> => {
              const hold = await find(id);
              return hold === undefined ? 'run' : { value: hold };
            },
          },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(1),
    }),
  ),

  mistake(
    'the recovery says that all was done',
    /recovery function answered with "H-1" without having asked/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const operation = makeIdempotent(
          async (request: Order) => place(currentExecution().deriveKey('hold'), request),
          {
            name: 'holds.place',
            key: 'id',
            store,
            onAbandoned: async (): Promise<{ value: string } | 'run'> => (isWrong ? { value: 'H-1' } : 'run'),
          },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(1),
    }),
  ),
];
