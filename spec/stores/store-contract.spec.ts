import { expect } from 'chai';
import { InMemoryStore, type PersistenceStore, StoreError } from 'retrysafe';
import { type Law, storeContract, storeLaws } from 'retrysafe/testing';
import { brokenStores, SoundStore } from '../support/broken-stores.js';
import { rejection, thrown } from '../support/rejection.js';

async function brokenLaws(create: () => PersistenceStore | Promise<PersistenceStore>): Promise<string[]> {
  const titles: string[] = [];
  for (const law of storeLaws) {
    await law.check(create).catch(() => titles.push(law.title));
  }
  return titles;
}

describe('the contract of a store, proven by broken ones', () => {
  for (const { fault, breaks, create } of brokenStores) {
    it(`catches a store that ${fault}, by the one law that it breaks`, async () => {
      expect(await brokenLaws(create)).to.deep.equal([breaks]);
    });
  }

  it('has a broken store for each of its laws', () => {
    const proven = new Set(brokenStores.map(({ breaks }) => breaks));
    expect(storeLaws.filter(({ title }) => !proven.has(title)).map(({ title }) => title)).to.deep.equal([]);
  });

  it('finds nothing wrong with a sound store, made at once or by a promise', async () => {
    expect(await brokenLaws(() => new SoundStore())).to.deep.equal([]);
    expect(await brokenLaws(async () => new InMemoryStore())).to.deep.equal([]);
  });

  it('finds nothing wrong with a store that refuses what is too large as such', async () => {
    class SmallStore extends SoundStore {
      override keep(...[record]: Parameters<SoundStore['keep']>): ReturnType<SoundStore['keep']> {
        if (JSON.stringify(record).length <= 400_000) return super.keep(record);
        throw new StoreError('the record is too large', { tooLarge: true });
      }
    }
    expect(await brokenLaws(() => new SmallStore())).to.deep.equal([]);
  });

  it('lets laws share one store over storage that is not empty', async () => {
    const store = new SoundStore();
    expect(await brokenLaws(() => store)).to.deep.equal([]);
    expect(await brokenLaws(() => store)).to.deep.equal([]);
  });

  it('says what a store answered and what it should have answered', async () => {
    const [law] = storeLaws as [Law, ...Law[]];
    const silent = new (class extends SoundStore {
      override async claim(): Promise<never> {
        return undefined as never;
      }
    })();
    const { message } = (await rejection(law.check(() => silent))) as Error;
    expect(message).to.include('what the claim answers');
  });
});

describe('the contract in a test runner', () => {
  it('registers a test for each law with the functions that it is given', async () => {
    const titles: string[] = [];
    const tests = new Map<string, () => Promise<void>>();
    let made = 0;
    storeContract(
      () => {
        made += 1;
        return new InMemoryStore();
      },
      {
        describe: (title, body) => {
          titles.push(title);
          body();
        },
        it: (title, body) => tests.set(title, body),
      },
    );
    expect(titles).to.have.length(1);
    expect([...tests.keys()]).to.deep.equal(storeLaws.map(({ title }) => title));
    expect(tests.size).to.be.at.least(8);
    expect(made, 'stores made before a test runs').to.equal(0);
    for (const run of tests.values()) await run();
    expect(made).to.equal(tests.size);
  });

  it('registers tests that fail for a broken store', async () => {
    const failures: string[] = [];
    const tests = new Map<string, () => Promise<void>>();
    const [broken] = brokenStores;
    storeContract(() => broken?.create() ?? new SoundStore(), {
      describe: (_title, body) => body(),
      it: (title, body) => tests.set(title, body),
    });
    for (const [title, run] of tests) await run().catch(() => failures.push(title));
    expect(failures).to.deep.equal([broken?.breaks]);
  });

  it('says what to do where the test runner has no global functions', () => {
    const runner = globalThis as Partial<Record<'describe' | 'it', unknown>>;
    const { describe: describeOfMocha, it: itOfMocha } = runner;
    const complaints: unknown[] = [];
    try {
      delete runner.describe;
      delete runner.it;
      complaints.push(thrown(() => storeContract(() => new SoundStore())));
      runner.describe = describeOfMocha;
      complaints.push(thrown(() => storeContract(() => new SoundStore())));
    } finally {
      Object.assign(runner, { describe: describeOfMocha, it: itOfMocha });
    }
    expect(complaints).to.have.length(2);
    for (const complaint of complaints) {
      expect(complaint).to.be.instanceOf(TypeError);
      expect((complaint as Error).message)
        .to.include('storeContract')
        .and.to.include('{ describe, it }');
    }
  });
});
