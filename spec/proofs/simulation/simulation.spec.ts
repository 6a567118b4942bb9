import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { seed as first } from '../../support/random.js';
import { brokenModels } from './broken-databases.js';
import { brokenDecisions } from './broken-decisions.js';
import { brokenEngines } from './broken-engines.js';
import { allSettled } from './clock.js';
import { drawHistory } from './draw.js';
import { atomic } from './models/atomic.js';
import { models } from './models/index.js';
import { failureReport } from './reports.js';
import { shrink } from './shrink.js';
import { type SimulateOptions, simulate } from './simulate.js';
import type { StoreModel } from './store-model.js';
import { emptyTally, missing } from './tally.js';

/** The rules that are broken first in so many histories. */
async function brokenRules(
  model: StoreModel,
  histories: number,
  options: SimulateOptions = {},
): Promise<Set<string>> {
  const rules = new Set<string>();
  for (let seed = 0; seed < histories; seed += 1) {
    const { violations } = await simulate(drawHistory(model, seed), model, options);
    if (violations[0]) rules.add(violations[0].rule);
  }
  return rules;
}

describe('the simulation of many callers on unreliable stores', function () {
  this.timeout(120_000);
  let warnings: CaughtWarnings;

  // The library warns of what these histories are made of.
  before(() => {
    warnings = catchWarnings();
  });

  after(() => {
    warnings.restore();
  });

  for (const model of models) {
    it(`finds every rule kept in 200 histories on the model ${model.name}`, async () => {
      for (let seed = first; seed < first + 200; seed += 1) {
        const { violations } = await simulate(drawHistory(model, seed), model);
        if (violations.length === 0) continue;
        const again = `npm run simulate -- --model ${model.name} --seed ${seed} --runs 1`;
        throw new Error(`${again}: ${violations.map(({ rule, what }) => `${rule}: ${what}`).join('; ')}`);
      }
    });

    it(`repeats the same history for the same seed on the model ${model.name}`, async () => {
      const stories = new Set<string>();
      for (let seed = 1; seed <= 30; seed += 1) {
        const tell = async () => {
          const { trace } = await simulate(drawHistory(model, seed), model, { isTraced: true });
          return trace.join('\n');
        };
        const story = await tell();
        expect(await tell()).to.equal(story);
        stories.add(story);
      }
      expect(stories.size).to.equal(30);
    });
  }

  it('goes on only when all promises are idle', async () => {
    let links = 0;
    const chain = async () => {
      for (; links < 10_000; links += 1) await null;
    };
    await null;
    void chain();
    await allSettled();
    expect(links).to.equal(10_000);
  });

  for (const { fault, rules, model } of brokenModels) {
    it(`catches a store of which is true: ${fault}`, async () => {
      const broken = await brokenRules(model, 120);
      expect([...broken]).to.include.oneOf(rules as string[]);
    });
  }

  for (const { fault, rules, engine } of brokenEngines) {
    it(`catches an engine of which is true: ${fault}`, async () => {
      const broken = await brokenRules(atomic, 60, { engine });
      expect([...broken]).to.include.oneOf(rules as string[]);
    });
  }

  for (const { fault, rules, engine } of brokenDecisions) {
    it(`catches an engine of which is true: ${fault}`, async () => {
      const broken = await brokenRules(atomic, 300, { engine });
      expect([...broken]).to.include.oneOf(rules as string[]);
    });
  }

  it('shows a short history that breaks the same rule', async () => {
    const [{ model } = { model: atomic }] = brokenModels;
    let history = drawHistory(model, 0);
    for (let seed = 1; (await simulate(history, model)).violations.length === 0; seed += 1)
      history = drawHistory(model, seed);
    const [broken] = (await simulate(history, model)).violations;
    const shortest = await shrink(history, model);
    const outcome = await simulate(shortest, model, { isTraced: true });
    expect(outcome.violations[0]?.rule).to.equal(broken?.rule);
    expect(shortest.calls.length).to.be.at.most(3);
    expect(failureReport(shortest, outcome)).to.include(broken?.rule).and.to.include('begins');
  });

  it('says what many histories should have reached and have not', () => {
    const [model = atomic] = models;
    expect(missing(model, emptyTally()))
      .to.include('ending: ClaimLostError')
      .and.to.include('request: refused');
    const all = Object.fromEntries(missing(model, emptyTally()).map((what) => [what, 1]));
    expect(missing(model, { ...emptyTally(), counts: all })).to.deep.equal([]);
  });

  it('refuses wrong options by name', () => {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [main, '--model', 'paper'], { encoding: 'utf8' });
    expect(status).to.equal(2);
    expect(stderr).to.include('--model').and.to.include('dynamodb');
  });
});
