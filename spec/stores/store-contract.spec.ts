import 'retrysafe/listing';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { InMemoryStore, type PersistenceStore, StoreError } from 'retrysafe';
import { type Law, lawsFor, storeContract, storeLaws } from 'retrysafe/testing';
import { brokenStores, SoundStore } from '../support/broken-stores.js';
import { brokenListingStores, SoundListingStore } from '../support/listing-stores.js';
import { brokenNoticeStores, loseConnection, SoundNoticeStore } from '../support/notice-stores.js';
import { rejection, thrown } from '../support/rejection.js';

/** The laws of a store without optional methods, and of one with all of them. */
const plainLaws = lawsFor();
const noticeLaws = lawsFor({ supports: { changed: true }, loseConnection });
const listingLaws = lawsFor({ supports: { records: true } });
const allLaws = lawsFor({ supports: { changed: true, records: true }, loseConnection });
const declarationTitle = 'the optional methods of the store are those that are declared';

async function brokenLaws(
  create: () => PersistenceStore | Promise<PersistenceStore>,
  laws = plainLaws,
): Promise<string[]> {
  const titles: string[] = [];
  await Promise.all(laws.map((law) => law.check(create).catch(() => titles.push(law.title))));
  return titles;
}

describe('the contract of a store, proven by broken ones', () => {
  for (const { fault, breaks, create } of brokenStores) {
    it(`catches a store that ${fault}, by the one law that it breaks`, async () => {
      expect(await brokenLaws(create)).to.deep.equal([breaks]);
    });
  }

  describe('where it gives notices', () => {
    const broken = new Map<string, readonly string[]>();

    // Together, since a law that waits in vain takes a second and a half.
    before(async () => {
      await Promise.all(
        brokenNoticeStores.map(async ({ fault, create }) =>
          broken.set(fault, await brokenLaws(create, noticeLaws)),
        ),
      );
    });

    for (const { fault, breaks } of brokenNoticeStores) {
      it(`catches a store that ${fault}, by a law of changed()`, () => {
        expect(broken.get(fault)).to.include(breaks);
        for (const title of broken.get(fault) ?? []) expect(title).to.match(/^changed\(\) /);
      });
    }
  });

  for (const { fault, breaks, create } of brokenListingStores) {
    it(`catches a store that ${fault}, by a law of records()`, async () => {
      const broken = await brokenLaws(create, listingLaws);
      expect(broken).to.include(breaks);
      for (const title of broken) expect(title).to.match(/^(records|planRecords)\(\) /);
    });
  }

  it('catches a store that has changed() and does not declare it, and one that declares it and has none', async () => {
    expect(await brokenLaws(() => new SoundNoticeStore())).to.deep.equal([declarationTitle]);
    const declaring = await brokenLaws(() => new SoundStore(), lawsFor({ supports: { changed: true } }));
    expect(declaring).to.include(declarationTitle);
  });

  it('catches a store that has records() and does not declare it, and one that declares it and has none', async () => {
    expect(await brokenLaws(() => new SoundListingStore())).to.deep.equal([declarationTitle]);
    expect(await brokenLaws(() => new SoundStore(), listingLaws)).to.include(declarationTitle);
  });

  it('says how to declare what a store has, and what it lacks', async () => {
    const law = (laws: readonly Law[]) => laws.find(({ title }) => title === declarationTitle) as Law;
    const undeclared = await rejection(law(plainLaws).check(() => new SoundNoticeStore()));
    expect(undeclared).to.match(/its test declares supports: \{ changed: true \}/);
    expect(await rejection(law(noticeLaws).check(() => new SoundStore()))).to.match(
      /so the store has a method changed/,
    );
    expect(await rejection(law(listingLaws).check(() => new SoundStore()))).to.match(
      /so the store has a method records/,
    );
  });

  it('has a broken store for each of its laws', () => {
    const proven = new Set(
      [...brokenStores, ...brokenNoticeStores, ...brokenListingStores].map(({ breaks }) => breaks),
    );
    proven.add(declarationTitle);
    expect(allLaws.filter(({ title }) => !proven.has(title)).map(({ title }) => title)).to.deep.equal([]);
  });

  it('finds nothing wrong with a sound store, made at once or by a promise', async () => {
    expect(await brokenLaws(() => new SoundStore())).to.deep.equal([]);
    expect(await brokenLaws(async () => new InMemoryStore(), listingLaws)).to.deep.equal([]);
    expect(await brokenLaws(() => new SoundListingStore(), listingLaws)).to.deep.equal([]);
    expect(await brokenLaws(() => new SoundNoticeStore(), noticeLaws)).to.deep.equal([]);
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
    expect(message).to.include('what the claim returns');
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
        supports: { records: true },
        describe: (title, body) => {
          titles.push(title);
          body();
        },
        it: (title, body) => tests.set(title, body),
      },
    );
    expect(titles).to.have.length(1);
    expect([...tests.keys()]).to.deep.equal(listingLaws.map(({ title }) => title));
    expect([...tests.keys()]).to.include.members([...storeLaws.map(({ title }) => title), declarationTitle]);
    expect(tests.size).to.be.at.least(8);
    expect(made, 'stores made before a test runs').to.equal(0);
    for (const run of tests.values()) await run();
    expect(made).to.equal(tests.size);
  });

  it('registers the laws of what the store supports', () => {
    const registered = (options: Parameters<typeof storeContract>[1]) => {
      const titles: string[] = [];
      storeContract(() => new SoundNoticeStore(), {
        ...options,
        describe: (_title, body) => body(),
        it: (title) => titles.push(title),
      });
      return titles;
    };
    expect(registered({ supports: { changed: false } })).to.have.length(plainLaws.length);
    const listening = registered({ supports: { changed: true } });
    expect(listening.filter((title) => title.startsWith('changed()'))).to.have.length(5);
    expect(registered({ supports: { changed: true }, loseConnection })).to.deep.equal(
      noticeLaws.map(({ title }) => title),
    );
    expect(registered({ supports: { changed: true, records: true }, loseConnection })).to.deep.equal(
      allLaws.map(({ title }) => title),
    );
    expect(thrown(() => registered({ loseConnection }))).to.match(/declare supports: \{ changed: true \}/);
  });

  it('runs with the functions of node:test', async () => {
    const program = `
      import { describe, it } from 'node:test';
      import 'retrysafe/listing';
      import { InMemoryStore } from 'retrysafe';
      import { storeContract } from 'retrysafe/testing';
      storeContract(() => new InMemoryStore(), { describe, it, supports: { records: true } });
    `;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--test-reporter=tap', '--input-type=module', '--eval', program],
      { env },
    );
    expect(stdout)
      .to.match(new RegExp(`^# pass ${listingLaws.length}$`, 'm'))
      .and.to.match(/^# fail 0$/m);
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
