import { expect } from 'chai';
import {
  currentExecution,
  type IdempotencyRecord,
  InMemoryStore,
  makeIdempotent,
  type PersistenceStore,
  recordOf,
} from 'retrysafe';
import { type CrashSetting, CrashTestError, type CrashTestOptions, crashTest } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

/** A hold, a mail and a fee, of which none is the same on every attempt. What became of it differs from history to history. */
async function outcomesOf(
  bounds: Pick<CrashTestOptions<unknown>, 'faults' | 'switches'>,
  { isMerged }: { readonly isMerged: boolean },
): Promise<{ readonly outcomes: string[]; readonly merged: number; readonly histories: number }> {
  const outcomes = new Set<string>();
  let calls = 0;
  const report = await crashTest({
    setUp: ({ store, effect }) => {
      const done: string[] = [];
      // Where each call has a number of its own, no state is like one of another history.
      const wrapped = (name: string) => {
        const record = effect(name, (what: string, _number: number) => done.push(`${name} ${what}`));
        return (what: string) => {
          calls += 1;
          return record(what, isMerged ? 0 : calls);
        };
      };
      const [hold, charge, send] = [wrapped('bank.hold'), wrapped('bank.charge'), wrapped('mail.send')];
      const operation = makeIdempotent(
        async (id: string) => {
          const held = await hold(`${id} ${currentExecution().attempt}`);
          await send(id);
          if (held > 2) await charge(id);
          return held;
        },
        { name: 'holds.place', key: () => 'one', store },
      );
      return { done, operation };
    },
    calls: [({ operation }) => operation('a'), ({ operation }) => operation('b')],
    invariant: ({ done }, ends) => {
      const of = (system: string) => done.filter((one) => one.startsWith(system));
      const answers = ends.map((end) => ('value' in end ? end.value : (end.error as Error).name));
      outcomes.add(JSON.stringify([of('bank'), of('mail'), answers]));
    },
    histories: 100_000,
    seconds: 60,
    ...bounds,
  });
  return { outcomes: [...outcomes].sort(), merged: report.merged, histories: report.histories };
}

describe('the histories of a crash test', function () {
  this.timeout(120_000);

  for (const bounds of [
    { faults: 0, switches: 4 },
    { faults: 1, switches: 1 },
    { faults: 1, switches: 2 },
  ])
    it(`end at known states without losing an outcome: ${JSON.stringify(bounds)}`, async () => {
      const merged = await outcomesOf(bounds, { isMerged: true });
      const all = await outcomesOf(bounds, { isMerged: false });
      expect(merged.outcomes).to.deep.equal(all.outcomes);
      if (bounds.faults === 0) return;
      expect(merged.merged).to.be.greaterThan(all.merged * 2);
      expect(merged.outcomes.length).to.be.greaterThan(10);
    });

  it('differ by what a process reads without waiting', async () => {
    const outcomes = new Set<string>();
    await crashTest({
      setUp: async ({ store, database, effect }) => {
        const effects: string[] = [];
        const note = effect('log.note', (what: string) => effects.push(what));
        const accounts = database.table<number>('accounts');
        await database.transaction((tx) => tx.put(accounts, 'A', 0));
        const add = makeIdempotent(
          async (cents: number) => {
            await note(`${cents} begins`);
            await note(`${cents} reads`);
            const present = accounts.get('A') ?? 0;
            await database.transaction((tx) => tx.put(accounts, 'A', present + cents));
          },
          { name: 'accounts.add', key: (cents) => cents, store },
        );
        return { accounts, effects, add };
      },
      calls: [({ add }) => add(10), ({ add }) => add(20)],
      invariant: ({ accounts, effects }) => outcomes.add(`${effects}: ${accounts.get('A')}`),
      faults: 0,
      switches: 8,
    });
    // The second one commits after the first has read, or before; or the first one commits last.
    const order = '10 begins,20 begins,20 reads,10 reads';
    expect(outcomes).to.include.keys(`${order}: 10`, `${order}: 20`, `${order}: 30`);
  });

  it('differ by the time that a process reads', async () => {
    const outcomes = new Set<string>();
    await crashTest({
      setUp: ({ effect }) => {
        const written: string[] = [];
        const [ask, look] = [effect('bank.ask', () => {}), effect('ledger.look', () => {})];
        const write = effect('db.write', (who: string, at: number) =>
          written.push(`${who} at ${at - Date.UTC(2026, 0, 1)}`),
        );
        return { ask, look, write, written };
      },
      calls: [
        async ({ ask, write }) => {
          await ask();
          await write('P', Date.now());
        },
        async ({ look, write }) => {
          await look();
          await write('Q', Date.now());
        },
      ],
      invariant: ({ written }) => outcomes.add(`${written}`),
      faults: 0,
      switches: 20,
    });
    expect([...outcomes].sort()).to.deep.equal([
      'P at 1,Q at 2',
      'P at 1,Q at 3',
      'P at 2,Q at 1',
      'Q at 1,P at 2',
      'Q at 1,P at 3',
      'Q at 2,P at 1',
    ]);
  });

  for (const ms of [0, 10])
    it(`have all orders after a wait of ${ms} ms, too`, async () => {
      const error = await rejection(
        crashTest({
          setUp: ({ store, effect }) => {
            const account = { cents: 0 };
            const read = effect('db.read', () => account.cents);
            const write = effect('db.write', (cents: number) => {
              account.cents = cents;
            });
            const add = makeIdempotent(
              async (_id: string) => {
                if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
                await write((await read()) + 1);
              },
              { name: 'accounts.add', key: (id) => id, store },
            );
            return { account, add };
          },
          calls: [({ add }) => add('a'), ({ add }) => add('b')],
          invariant: ({ account }) => expect(account.cents).to.equal(2),
          faults: 0,
          switches: 4,
        }),
      );
      expect(error).to.be.instanceOf(CrashTestError);
    });

  it('have a call that is sent again beside the other one', async () => {
    let beside = 0;
    await crashTest({
      setUp: ({ store, effect }) => {
        const steps: string[] = [];
        const note = effect('log.note', (what: string) => steps.push(what));
        const make = (name: string) =>
          makeIdempotent(
            async (delivery: number) => {
              await note(`${name} ${delivery}`);
              await note(`${name} ${delivery}`);
            },
            { name, key: () => 'one', store, lease: '1s', clockTolerance: 0 },
          );
        return { steps, a: make('log.a'), b: make('log.b') };
      },
      calls: [({ a }, { number }) => a(number), ({ b }, { number }) => b(number)],
      invariant: ({ steps }) => {
        // The first process died in between. One that is delivered twice, or stands still, goes on.
        const hasDied = steps.filter((step) => step === 'log.a 1').length === 1;
        const again = steps.findIndex((step) => /^log\.a [2-9]/.test(step));
        if (hasDied && again >= 0 && steps.lastIndexOf('log.b 1') > again) beside += 1;
      },
      faults: 1,
    });
    expect(beside).to.be.greaterThan(0);
  });

  it('have a read of a store of the user before and after what others write', async () => {
    const seen = new Set<string>();
    await crashTest({
      store: () => {
        const inner = new InMemoryStore();
        // Without what tells that it is one in memory.
        return {
          claim: (record: IdempotencyRecord, now: number) => inner.claim(record, now),
          replace: (record: IdempotencyRecord, token: string) => inner.replace(record, token),
          find: (key: string) => inner.find(key),
        };
      },
      setUp: ({ store, effect }: CrashSetting<PersistenceStore>) => {
        const holds: string[] = [];
        const place = makeIdempotent(
          effect('bank.place', (id: string) => holds.push(id)),
          {
            name: 'holds.place',
            key: (id) => id,
            store,
          },
        );
        const list = effect('bank.list', () => holds.length);
        return { place, list };
      },
      calls: [
        ({ place }) => place('a'),
        async ({ place, list }) => {
          const count = await list();
          const record = await recordOf(place, 'a').inspect();
          seen.add(`${count} holds, ${record?.status}`);
        },
      ],
      invariant: () => {},
      faults: 0,
      switches: 6,
    });
    expect(seen).to.include.keys('0 holds, undefined', '0 holds, completed', '1 holds, completed');
  });

  /** Three holds are one too many, which takes two faults. */
  const twoFaults = (seed: number, faults: number): CrashTestOptions<never> =>
    ({
      setUp: ({ store, effect }: CrashSetting) => {
        const holds: string[] = [];
        const place = effect('bank.place', (id: string) => holds.push(id));
        const operation = makeIdempotent((id: string) => place(id), {
          name: 'holds',
          key: () => 'one',
          store,
        });
        return { holds, operation };
      },
      calls: [1, 2].map(
        (id) =>
          ({ operation }: { readonly operation: (id: string) => Promise<number> }) =>
            operation(`${id}`),
      ),
      invariant: ({ holds }: { readonly holds: string[] }) => expect(holds).to.have.length.below(3),
      seed,
      faults,
    }) as never;

  for (const faults of [2, 3])
    it(`are told in their shortest form, where ${faults} faults may be`, async () => {
      for (const seed of [1, 2]) {
        const error = await rejection(crashTest(twoFaults(seed, faults)));
        expect(error).to.be.instanceOf(CrashTestError);
        const { repeat, story } = (error as CrashTestError).failure;
        expect(repeat.split(' ')).to.have.length(2);
        const again = await rejection(crashTest({ ...twoFaults(seed, faults), repeat }));
        expect((again as CrashTestError).failure.story).to.deep.equal(story);
      }
    });

  const service = (name: string, store: PersistenceStore, effect: CrashSetting['effect']) => {
    const holds = new Map<string, string>();
    const place = effect('bank.place', async (key: string, id: string) => {
      holds.set(key, id);
      return id;
    });
    const note = effect('ledger.note', async (_id: string) => {});
    const send = effect('mail.send', async (_id: string) => {});
    const operation = makeIdempotent(
      async (id: string) => {
        const hold = await place(currentExecution().deriveKey('hold'), id);
        await note(hold);
        await send(hold);
        return hold;
      },
      { name, key: (id) => id, store },
    );
    return { holds, operation };
  };

  // About 35 times: it waits, is sent again, dies and recovers, and each step is one of many that might have been. Here 1,500 histories take 1.1 s.
  it('take at most 90 times as long as their two calls alone, of three effects each', async () => {
    const { performance } = globalThis;
    const store = new InMemoryStore();
    const { operation } = service('holds.alone', store, (_name, call) => call as never);
    const plain = async (from: number) => {
      const began = performance.now();
      for (let id = from; id < from + 2_000; id += 1)
        await Promise.all([operation(`${id}`), operation(`${id}`)]);
      return (performance.now() - began) / 2_000;
    };
    await plain(0);
    const perPair = await plain(2_000);
    const run = () =>
      crashTest({
        setUp: ({ store: own, effect }) => service('holds.tested', own, effect),
        calls: [({ operation: place }) => place('T-1'), ({ operation: place }) => place('T-1')],
        invariant: ({ holds }) => expect(holds.size).to.equal(1),
      });
    const { histories, seconds, levels } = await run();
    expect(levels[1]?.left).to.equal(0);
    expect((seconds * 1_000) / histories / perPair).to.be.below(90);
  });
});
