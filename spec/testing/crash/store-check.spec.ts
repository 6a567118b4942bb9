import { expect } from 'chai';
import { ConfigurationError, type IdempotencyRecord, InMemoryStore, type PersistenceStore } from 'retrysafe';
import { type CrashSetting, StoreCheckError, storeCheck } from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';

type Row = IdempotencyRecord | undefined;

const flaws = ['no condition', 'no answer after a write', 'expiry ignored', 'stale answers'] as const;
type Flaw = (typeof flaws)[number];

/** A store over requests of a database, of which the write can have a condition. */
function storeOver(
  { effect }: Pick<CrashSetting, 'effect'>,
  { flaw }: { readonly flaw?: Flaw } = {},
): PersistenceStore {
  const rows = new Map<string, IdempotencyRecord>();
  const earlier = new Map<string, IdempotencyRecord>();
  const get = effect('db.get', (key: string): Row => rows.get(key));
  const put = effect('db.put', (row: IdempotencyRecord, was: Row) => {
    if (flaw !== 'no condition' && rows.get(row.key)?.token !== was?.token) return false;
    // What was done before the calls began is no longer in doubt.
    if (was && Date.now() > Date.UTC(2026, 0, 1)) earlier.set(row.key, was);
    rows.set(row.key, row);
    return true;
  });
  const look = effect('db.look', (key: string): Row => earlier.get(key) ?? rows.get(key));
  const write = async (row: IdempotencyRecord, was: Row) => {
    const isWritten = await put(row, was);
    return flaw === 'no answer after a write' ? true : isWritten;
  };
  return {
    async claim(record, now) {
      for (;;) {
        const holder = await get(record.key);
        if (holder && (flaw === 'expiry ignored' || holder.expiresAt > now))
          return flaw === 'stale answers' ? ((await look(record.key)) as IdempotencyRecord) : holder;
        if (await write(record, holder)) return record;
      }
    },
    async replace(record, token) {
      for (;;) {
        const holder = await get(record.key);
        if (holder?.token !== token) return holder;
        if (await write(record, holder)) return record;
      }
    },
    find: (key) => get(key),
  };
}

describe('a check of a store', function () {
  this.timeout(60_000);

  it('does the operations at once where nothing is wrapped', async () => {
    const report = await storeCheck(() => new InMemoryStore());
    expect(report).to.include({ isWrapped: false, left: 0, histories: report.cases * 3 });
    expect(report.cases).to.equal(189);
  });

  it('tries every order of the requests that are wrapped', async () => {
    const report = await storeCheck((setting) => storeOver(setting));
    expect(report).to.include({ isWrapped: true, left: 0 });
    expect(report.histories).to.be.greaterThan(report.cases * 10);
  });

  for (const flaw of flaws) {
    it(`finds a store with ${flaw}, and tells what happened`, async () => {
      const error = await rejection(storeCheck((setting) => storeOver(setting, { flaw })));
      expect(error).to.be.instanceOf(StoreCheckError);
      const { message } = error as Error;
      expect(message).to.match(/^storeCheck: no order of .* gives these answers:\n/);
      expect(message)
        .to.match(/: call \d called db\.get\(/)
        .and.to.match(/what is kept at last: \w\.\d \(/);
    });
  }

  it('finds a store that throws where nothing has failed', async () => {
    const makeStore = ({ effect }: Pick<CrashSetting, 'effect'>): PersistenceStore => {
      const store = storeOver({ effect });
      const count = effect('db.insert', () => true);
      let claims = 0;
      return {
        ...store,
        async claim(record, now) {
          claims += 1;
          await count();
          if (claims > 1) throw new RangeError('duplicate key');
          return store.claim(record, now);
        },
      };
    };
    const error = await rejection(storeCheck(makeStore));
    expect(error).to.be.instanceOf(StoreCheckError);
    expect((error as Error).message).to.match(/claim by .* threw RangeError: duplicate key, though none/);
  });

  it('does not mind in which order a store returns the parts of a state, and closes each store', async () => {
    let open = 0;
    const turned = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([name, part]) => [name, turned(part)]),
          )
        : value;
    const back = (record: IdempotencyRecord) => turned(record) as IdempotencyRecord;
    for (const isWrapped of [true, false]) {
      await storeCheck(
        ({ effect }) => {
          open += 1;
          const store = isWrapped ? storeOver({ effect }) : new InMemoryStore();
          return {
            claim: async (record, now) => back(await store.claim(record, now)),
            replace: async (record, token) => {
              const holder = await store.replace(record, token);
              return holder && back(holder);
            },
            find: async (key) => {
              const holder = await store.find(key);
              return holder && back(holder);
            },
          };
        },
        {
          atOnce: 1,
          tearDown: () => {
            open -= 1;
          },
        },
      );
      expect(open).to.equal(0);
    }
  });

  it('finds a store without wrapped requests that is not one step', async () => {
    class Slow extends InMemoryStore {
      override async claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
        const holder = await this.find(record.key);
        if (holder && holder.expiresAt > now) return holder;
        await super.replace(record, holder?.token ?? '');
        if (!holder) await super.claim(record, now);
        return record;
      }
    }
    expect(await rejection(storeCheck(() => new Slow()))).to.be.instanceOf(StoreCheckError);
  });

  it('refuses wrong options', async () => {
    for (const [options, name] of [
      [{ atOnce: 0 }, 'atOnce'],
      [{ times: 1.5 }, 'times'],
      [{ seconds: 'x' }, 'seconds'],
      [{ often: 1 }, 'often'],
    ] as const) {
      const error = await rejection(storeCheck(() => new InMemoryStore(), options as never));
      expect(error).to.be.instanceOf(ConfigurationError);
      expect((error as Error).message).to.include(`option "${name}"`);
    }
    expect(await rejection(storeCheck(1 as never))).to.be.instanceOf(ConfigurationError);
    for (const made of [undefined, {}])
      expect(((await rejection(storeCheck(() => made as never))) as Error).message).to.match(
        /makeStore returned .* without claim\(\)/,
      );
  });

  it('ends by its time', async () => {
    const report = await storeCheck((setting) => storeOver(setting), { seconds: 0.2, atOnce: 3 });
    expect(report.left).to.be.greaterThan(0);
  });
});
