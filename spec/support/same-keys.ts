import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type IdempotentOptions, makeIdempotent, recordOf } from 'retrysafe';
import { type Fate, Fleet } from './fleet.js';
import { seed, shuffler } from './random.js';
import { openStore, type StoreDescription } from './store-description.js';
import type { Answer, Line } from './store-worker.js';

const keys = Array.from({ length: 200 }, (_, index) => `hold-${index}`);

/** Defines tests in which eight processes use the same 200 keys on one store. Each test has an empty store. */
export function sameKeys(emptyStore: () => Promise<StoreDescription>): void {
  let folder: string;
  let description: StoreDescription;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retrysafe-'));
    description = await emptyStore();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Lets eight processes do the same. Returns what they got and what they wrote. */
  async function runAll(options: IdempotentOptions, fateOf?: () => Fate) {
    const ledger = join(folder, 'ledger');
    const job = {
      store: description,
      ledger,
      keys,
      atOnce: 10,
      options: { name: 'placeHold', ...options },
    };
    const fleet = new Fleet(8, job, fateOf);
    const answers = await fleet.run();
    const lines = readFileSync(ledger, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    return { answers, killed: fleet.killed, lines };
  }

  /** Every process got the same outcomes, and a later call gets them without a run. */
  async function expectEqualAnswers(answers: readonly ReadonlyMap<string, Answer>[]): Promise<void> {
    expect(answers).to.have.length(8);
    const [first = new Map<string, Answer>()] = answers;
    expect([...first.keys()]).to.have.members(keys);
    for (const other of answers) expect(other).to.deep.equal(first);
    const { store, close } = await openStore(description);
    try {
      const placeHold = makeIdempotent(async (key: string) => expect.fail(`${key} ran again`), {
        name: 'placeHold',
        store,
      });
      for (const key of keys) {
        expect(await recordOf(placeHold, key).inspect(), key).to.include({ status: 'completed' });
        expect(await placeHold(key)).to.deep.equal(first.get(key));
      }
    } finally {
      await close();
    }
  }

  it('run each once, and all get the same results', async () => {
    const { answers, lines } = await runAll({ wait: 30 });
    const begun = lines.filter(({ kind }) => kind === 'begin').map(({ key }) => key);
    expect(begun).to.have.length(200).and.have.members(keys);
    await expectEqualAnswers(answers);
    console.log(
      `      ${begun.length} runs of 200 keys, ${answers.reduce((sum, { size }) => sum + size, 0)} equal answers`,
    );
  });

  it('complete each, though they are killed at random: no completed key runs again, and no two living runs overlap', async () => {
    const { answers, killed, lines } = await runAll(
      { lease: '4s', clockTolerance: 0.1, wait: 30 },
      fates(seed),
    );

    const counts = { runs: 0, repeated: 0, ended: 0 };
    for (const key of keys) {
      const ofKey = lines.filter((line) => line.key === key);
      const runs = ofKey.filter(({ kind }) => kind === 'begin');
      const story = ofKey.map(({ kind, worker, attempt }) => `${kind} ${worker}.${attempt}`).join(', ');
      counts.runs += runs.length;
      counts.repeated += runs.length - 1;

      const firstAnswer = ofKey.findIndex(({ kind }) => kind === 'answered');
      const isAnswer = ({ kind }: Line) => kind === 'answered';
      expect(ofKey.slice(firstAnswer).every(isAnswer), `nothing after an answer: ${story}`).to.equal(true);

      const last = runs.at(-1);
      for (const { worker, attempt } of ofKey.filter(isAnswer)) {
        expect({ worker, attempt }, `the answer is the last run's: ${story}`).to.deep.equal({
          worker: last?.worker,
          attempt: last?.attempt,
        });
      }
      for (const [index, { worker, attempt }] of runs.slice(0, -1).entries()) {
        expect(killed.has(worker), `only after a killed runner: ${story}`).to.equal(true);
        expect(attempt, story).to.be.lessThan(runs[index + 1]?.attempt as number);
        if (ofKey.some((line) => line.kind === 'end' && line.worker === worker)) counts.ended += 1;
      }
    }
    await expectEqualAnswers(answers);
    console.log(
      `      seed ${seed}: ${killed.size} processes killed; ${counts.runs} runs of 200 keys, ${counts.repeated} of them again after a killed runner, ${counts.ended} of which had ended unrecorded`,
    );
    // At least five were killed in the middle of a run.
    expect(killed.size).to.be.at.least(5);
    expect(counts.repeated).to.be.at.least(5);
  });
}

/** Of the first 160 runs, five whose process is killed in the middle, and five where that happens shortly after. */
function fates(seed: number): () => Fate {
  const shuffle = shuffler(seed);
  const order = shuffle(Array.from({ length: 160 }, (_, index) => index));
  const planned = new Map<number, Fate>();
  for (const run of order.slice(0, 5)) planned.set(run, 'is killed');
  for (const [index, run] of order.slice(5, 10).entries()) planned.set(run, { isKilledAfter: index });
  let run = -1;
  return () => {
    run += 1;
    return planned.get(run) ?? 'lives';
  };
}
