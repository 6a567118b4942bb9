import { expect } from 'chai';
import { currentExecution, makeIdempotent } from 'retrysafe';
import type { CrashTestOptions, TestTable } from 'retrysafe/testing';
import { mistake, type Order, order } from './mistake.js';

/** A hold that is written in a transaction, which completes the call. What comes of the completion, `awaited` decides. */
function held(awaited: (completing: Promise<void>) => Promise<void>): CrashTestOptions<Held> {
  const call = ({ operation }: Held) => operation(order);
  return {
    setUp: ({ store, database }) => {
      const holds = database.table<Order>('holds');
      const operation = makeIdempotent(
        async (request: Order) => {
          const completion = await currentExecution().completion('held');
          await database.transaction(async (tx) => {
            tx.put(holds, `H-${tx.rows(holds).length + 1}`, request);
            await awaited(store.complete(tx, completion));
          });
          return 'held';
        },
        { name: 'holds.place', key: 'id', store },
      );
      return { holds, operation };
    },
    calls: [call, call],
    invariant: ({ holds }) => expect(holds.rows()).to.have.length(1),
  };
}

interface Held {
  readonly holds: TestTable<Order>;
  readonly operation: (request: Order) => Promise<string>;
}

export const transactionMistakes = [
  mistake(
    'the completion is not in the transaction',
    /^The transaction was committed 2 times for one request/,
    (isWrong) => ({
      setUp: ({ store, database }) => {
        const holds = database.table<Order>('holds');
        const operation = makeIdempotent(
          async (request: Order) => {
            const result = { held: request.cents };
            const completion = isWrong ? undefined : await currentExecution().completion(result);
            await database.transaction(async (tx) => {
              tx.put(holds, `H-${holds.rows().length + 1}`, request);
              if (completion) await store.complete(tx, completion);
            });
            return result;
          },
          { name: 'holds.place', key: 'id', store },
        );
        return { holds, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ holds }) => expect(holds.rows()).to.have.length(1),
    }),
  ),

  mistake(
    'the failure of a transaction is swallowed',
    /^The transaction failed, and call 1 returned as if it had not/,
    (isWrong) => ({
      setUp: ({ store, database }) => {
        const holds = database.table<Order>('holds');
        const operation = makeIdempotent(
          async (request: Order) => {
            try {
              await database.transaction((tx) => tx.put(holds, request.id, request));
            } catch (error) {
              if (!isWrong) throw error;
            }
            return 'held';
          },
          { name: 'holds.place', key: 'id', store },
        );
        return { holds, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ holds }) => expect(holds.rows()).to.have.length(1),
    }),
  ),

  mistake(
    'the refusal of a completion is swallowed',
    /^The transaction was committed though store\.complete\(\) had been refused/,
    (isWrong) =>
      held(async (completing) => {
        try {
          await completing;
        } catch (error) {
          if (!isWrong) throw error;
        }
      }),
  ),

  mistake(
    'a completion is not awaited',
    /^The transaction was committed though store\.complete\(\) was still under way/,
    (isWrong) =>
      held(async (completing) => {
        if (isWrong) completing.catch(() => {});
        else await completing;
      }),
  ),

  mistake(
    'a balance is read outside of the transaction that changes it',
    /^A transaction replaced accounts A, which it had not read/,
    (isWrong) => ({
      setUp: async ({ store, database }) => {
        const accounts = database.table<{ readonly cents: number }>('accounts');
        await database.transaction((tx) => tx.put(accounts, 'A', { cents: 0 }));
        const operation = makeIdempotent(
          async ({ cents }: Order) => {
            const completion = await currentExecution().completion(cents);
            const early = accounts.get('A');
            await database.transaction(async (tx) => {
              const { cents: present } = (isWrong ? early : tx.get(accounts, 'A')) ?? { cents: 0 };
              tx.put(accounts, 'A', { cents: present + cents });
              await store.complete(tx, completion);
            });
            return cents;
          },
          { name: 'accounts.add', key: 'id', store },
        );
        return { accounts, operation };
      },
      calls: [
        ({ operation }) => operation({ id: '1', cents: 10 }),
        ({ operation }) => operation({ id: '2', cents: 20 }),
      ],
      invariant: ({ accounts }) => expect(accounts.get('A')).to.deep.equal({ cents: 30 }),
    }),
  ),
];
