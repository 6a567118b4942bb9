import 'retrysafe/listing';
import { expect } from 'chai';
import { type IdempotencyRecord, InMemoryStore, type RecordQuery } from 'retrysafe';

const HOUR = 3_600_000;

describe('records of an InMemoryStore, listed', () => {
  let store: InMemoryStore;
  const now = Date.now();

  beforeEach(() => {
    store = new InMemoryStore();
  });

  const recordOf = (key: string, expiresAt = now + HOUR): IdempotencyRecord => ({
    key,
    token: 'a.1',
    expiresAt,
    state: { format: 1, status: 'released', attempt: 1, fencingToken: 1 },
  });

  async function fill(count: number, name = 'filled', expiresAt = now + HOUR): Promise<void> {
    for (let index = 0; index < count; index += 1)
      await store.claim(recordOf(`${name}#${index}`, expiresAt), now);
  }

  async function walk(query: RecordQuery): Promise<{ keys: string[]; examined: number[] }> {
    const keys: string[] = [];
    const examined: number[] = [];
    let next = query;
    for (;;) {
      const page = await store.records({ now, ...next });
      keys.push(...page.records.map(({ key }) => key));
      examined.push(page.examined);
      if (page.cursor === undefined) return { keys, examined };
      next = { ...query, cursor: page.cursor };
    }
  }

  it('come in the order in which their keys came, and a page reads what it returns', async () => {
    await fill(1_000);
    const { keys, examined } = await walk({ limit: 300 });
    expect(keys).to.deep.equal(Array.from({ length: 1_000 }, (_, index) => `filled#${index}`));
    expect(examined).to.deep.equal([300, 300, 300, 100]);
  });

  it('are at most 10,000 of those that are read for one page, where few are asked for', async () => {
    await fill(25_000);
    expect((await walk({ status: 'unknown' })).examined).to.deep.equal([10_000, 10_000, 5_000]);
  });

  it('are the same for the same cursor, also where keys came since', async () => {
    await fill(10);
    const { cursor = '' } = await store.records({ limit: 4 });
    const first = await store.records({ limit: 4, cursor });
    await fill(10, 'later');
    expect(await store.records({ limit: 4, cursor })).to.deep.equal(first);
    expect((await walk({})).keys).to.have.length(20);
  });

  it('are all listed, once or more, though so many expire meanwhile that the order of keys is a new one', async () => {
    await fill(2_000, 'expiring', now + 1);
    await fill(100, 'kept');
    const { cursor } = await store.records({ now, limit: 1_000 });
    // Each claim that is won deletes what has expired, and adds a key.
    for (let index = 0; index < 2_200; index += 1)
      await store.claim(recordOf(`new#${index}`, now + 2), now + 2 + index);
    const query: RecordQuery = { operation: 'kept', limit: 1_000 };
    const { keys } = await walk({ ...query, ...(cursor !== undefined && { cursor }) });
    expect(new Set(keys)).to.have.property('size', 100);
    expect(store.size).to.be.below(1_000);
  });

  it('are listed though their key is the one with which the order of keys is a new one', async () => {
    await fill(3_000, 'expiring', now + 1);
    await store.records({ now });
    await fill(1, 'kept');
    // Each claim that is won deletes what has expired, and adds a key.
    const claimed: string[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      const record = recordOf(`new#${index}`);
      await store.claim(record, now + 2);
      claimed.push(record.key);
    }
    expect((await walk({ operation: 'new', limit: 1_000 })).keys).to.include.members(claimed);
  });

  it('begin anew after clear()', async () => {
    await fill(10);
    const { cursor = '' } = await store.records({ limit: 4 });
    store.clear();
    await fill(3, 'new');
    const { records } = await store.records({ limit: 4, cursor });
    expect(records.map(({ key }) => key)).to.deep.equal(['new#0', 'new#1', 'new#2']);
  });

  it('are copies', async () => {
    await fill(1);
    const { records } = await store.records({});
    Object.assign(records[0]?.state as object, { fencingToken: 99 });
    expect((await store.find('filled#0'))?.state.fencingToken).to.equal(1);
  });
});
