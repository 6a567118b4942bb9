import { expect } from 'chai';
import { currentExecution, makeIdempotent } from 'retrysafe';
import { Bank, mistake, type Order, order } from './mistake.js';

class InvalidOrder extends Error {}

export const effectMistakes = [
  mistake(
    'no derived key is handed on',
    /^bank\.place was called 2 times for one request: .*deriveKey\(…\) was not handed to bank\.place/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        let requests = 0;
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const operation = makeIdempotent(
          async (request: Order) => {
            requests += 1;
            return place(isWrong ? `request ${requests}` : currentExecution().deriveKey('hold'), request);
          },
          { name: 'holds.place', key: 'id', store },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(1),
    }),
  ),

  mistake(
    'the label of a derived key has the attempt in it',
    /^bank\.place was called 2 times for one request, with another derived key each time/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (key: string, of: Order) => bank.place(key, of));
        const operation = makeIdempotent(
          async (request: Order) => {
            const { deriveKey, attempt } = currentExecution();
            return place(deriveKey(isWrong ? `hold ${attempt}` : 'hold'), request);
          },
          { name: 'holds.place', key: 'id', store },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(1),
    }),
  ),

  mistake(
    'two effects have one derived key',
    /^bank\.book got the same derived key for different requests/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const booked = new Map<string, number>();
        const book = effect('bank.book', (key: string, cents: number) => {
          if (!booked.has(key)) booked.set(key, cents);
        });
        const operation = makeIdempotent(
          async ({ cents }: Order) => {
            const { deriveKey } = currentExecution();
            await book(deriveKey('booking'), cents);
            await book(deriveKey(isWrong ? 'booking' : 'fee'), 100);
          },
          { name: 'bookings.book', key: 'id', store },
        );
        return { booked, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ booked }) => expect([...booked.values()]).to.deep.equal([5_000, 100]),
    }),
  ),

  mistake(
    'an effect is outside of the method',
    /^audit\.note was called outside of the idempotent method/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const audit: string[] = [];
        const note = effect('audit.note', (id: string) => audit.push(id));
        const operation = makeIdempotent(
          async ({ id }: Order) => {
            if (!isWrong) await note(id);
            return id;
          },
          { name: 'holds.place', key: 'id', onAbandoned: 'refuse', onError: () => 'unknown', store },
        );
        const handle = async (request: Order) => {
          if (isWrong) await note(request.id);
          return operation(request);
        };
        return { audit, handle };
      },
      calls: [({ handle }) => handle(order), ({ handle }) => handle(order)],
      invariant: ({ audit }) => expect(audit).to.have.length.at.most(1),
    }),
  ),

  mistake(
    'an effect is not awaited',
    /^The outcome was recorded while mail\.send was under way/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const sent = new Set<string>();
        const send = effect('mail.send', (id: string) => sent.add(id));
        const operation = makeIdempotent(
          async ({ id }: Order) => {
            const sending = send(id);
            if (isWrong) sending.catch(() => {});
            else await sending;
            return id;
          },
          { name: 'mails.send', key: 'id', store },
        );
        return { sent, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ sent }) => expect(sent.size).to.equal(1),
    }),
  ),

  mistake(
    'what can be refused is looked at after the first effect',
    /^The method threw .*too much after bank\.place was done/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const place = effect('bank.place', (of: Order) => bank.place(`${bank.holds.length}`, of));
        const operation = makeIdempotent(
          async (request: Order) => {
            const check = () => {
              if (request.cents > 1_000) throw new InvalidOrder('too much');
            };
            if (!isWrong) check();
            const hold = await place(request);
            if (isWrong) check();
            return hold;
          },
          { name: 'holds.place', key: 'id', onAbandoned: 'refuse', store },
        );
        return { bank, operation };
      },
      // Nobody gets an outcome: the order is refused each time.
      deliveries: 3,
      calls: [({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(0),
    }),
  ),

  mistake(
    'what a lapsed process writes replaces what its successor wrote',
    /^orders\.save was called by a process whose claim had lapsed/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const row = { by: 0, writes: [] as number[] };
        const save = effect('orders.save', (token: number) => {
          if (!isWrong && token < row.by) return;
          row.by = token;
          row.writes.push(token);
        });
        const operation = makeIdempotent(
          async () => {
            await save(currentExecution().fencingToken);
          },
          { name: 'orders.save', key: () => 'one', store },
        );
        return { row, operation };
      },
      calls: [({ operation }) => operation(), ({ operation }) => operation()],
      invariant: ({ row }) => expect(row.writes).to.deep.equal([...row.writes].sort((a, b) => a - b)),
    }),
  ),

  mistake(
    'a compensation is done twice',
    /^bank\.release was called by a process whose claim had lapsed/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const account = { held: 0, keys: new Set<string>() };
        const once = (key: string, change: number) => {
          if (account.keys.has(key)) return;
          account.keys.add(key);
          account.held += change;
        };
        const hold = effect('bank.hold', (key: string, cents: number) => once(key, cents));
        const release = effect('bank.release', (key: string, cents: number) => once(key, -cents));
        let releases = 0;
        const operation = makeIdempotent(
          async ({ cents }: Order) => {
            const { deriveKey } = currentExecution();
            await hold(deriveKey('hold'), cents);
            releases += 1;
            // The order turns out to be impossible.
            await release(isWrong ? `release ${releases}` : deriveKey('release'), cents);
            return 'impossible';
          },
          { name: 'orders.try', key: 'id', store },
        );
        return { account, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ account }) => expect(account.held).to.equal(0),
    }),
  ),

  mistake(
    'it looks whether the work is done, and does it then',
    /^bank\.place was called by .* had lapsed.* What bank\.find had found before was no longer so/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const bank = new Bank();
        const find = effect('bank.find', (id: string) => bank.holds.find((hold) => hold.order.id === id));
        const place = effect('bank.place', (of: Order) =>
          bank.place(isWrong ? `${bank.holds.length}` : of.id, of),
        );
        const operation = makeIdempotent(
          async (request: Order) => {
            if (!(await find(request.id))) await place(request);
            return request.id;
          },
          { name: 'holds.place', key: 'id', store },
        );
        return { bank, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ bank }) => expect(bank.holds).to.have.length(1),
    }),
  ),

  mistake(
    'a counter is increased',
    /^stats\.count was called 2 times for one request: .*deriveKey/,
    (isWrong) => ({
      setUp: ({ store, effect }) => {
        const counted: string[] = [];
        const count = effect('stats.count', (id: string) => {
          if (isWrong || !counted.includes(id)) counted.push(id);
        });
        const operation = makeIdempotent(({ id }: Order) => count(id), {
          name: 'stats.count',
          key: 'id',
          store,
        });
        return { counted, operation };
      },
      calls: [({ operation }) => operation(order), ({ operation }) => operation(order)],
      invariant: ({ counted }) => expect(counted).to.have.length(1),
    }),
  ),
];
