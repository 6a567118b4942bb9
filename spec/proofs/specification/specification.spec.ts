import { expect } from 'chai';
import type { IdempotencyRecord } from 'retrysafe';
import { pending } from '../../support/pending.js';
import { type CaughtWarnings, catchWarnings } from '../../support/process-warnings.js';
import { brokenModels } from '../simulation/broken-databases.js';
import { drawHistory } from '../simulation/draw.js';
import { atomic } from '../simulation/models/atomic.js';
import { simulate } from '../simulation/simulate.js';
import type { StoreModel } from '../simulation/store-model.js';
import { explore } from './exploring.js';
import { flaws } from './flaws.js';
import { ProtocolTrace } from './protocol-trace.js';
import { type Scenario, scenarios } from './scenarios.js';
import { obstacleToSpin, sourcesOf } from './spin.js';
import { TraceSample } from './trace-sample.js';
import { validate } from './validating.js';

const [small] = scenarios('quick') as [Scenario];
const bounds: Scenario = { ...small, horizon: 3 };

/** A key whose first runner stops, and whose second one completes it. The lease is 2000 ms, and the tolerance 200 ms. */
const told = `trace told 0 2000 200
1000 begins 0
1000 sends 0 1 1000 4 1 1000 3000 90000 255 1 0 0
1001 arrives 0 1
1002 runs 0 0 1002
1600 sends 0 2 1600 4 1 1000 3600 90000 255 0 0 1
1601 arrives 0 2
2000 begins 1
2000 sends 1 1 2000 4 1 2000 4000 90000 255 1 0 0
3800 sends 1 2 3800 4 2 3800 5800 90000 255 0 0 2
3801 arrives 1 2
3802 runs 1 0 3802
4000 returns 1
4001 sends 1 3 4001 3 2 3800 0 90000 1 0 1 2
4002 arrives 1 3
4003 answers 1 0 0 0 0 0 0 0 1
5000 begins 2
5001 answers 2 0 0 0 0 0 0 0 1
`;

/** A key that an operator takes from its runner, lets run again, and then gives a value, by force and without. */
const resolved = `trace resolved 0 2000 200
1000 begins 0
1000 sends 0 1 1000 4 1 1000 3000 90000 255 1 0 0
1001 arrives 0 1
1002 runs 0 0 1002
1500 sends 30 1 1500 1 1 1000 0 90000 255 1 0 1
1501 arrives 30 1
1600 begins 1
1600 sends 1 1 1600 4 1 1600 3600 90000 255 1 0 0
1700 sends 1 2 1700 4 2 1700 3700 90000 255 0 30 1
1701 arrives 1 2
1702 runs 1 0 1702
1800 fails 1
1801 sends 1 3 1801 2 2 1700 0 90000 255 0 1 2
1802 arrives 1 3
1900 sends 30 2 1900 3 2 1700 0 90000 30 0 1 3
1901 arrives 30 2
2000 begins 2
2001 answers 2 0 0 0 0 0 0 0 30
2002 returns 0
2003 answers 0 0 0 0 0 0 0 0 30
`;

/** What else an operator may not do, or what calls may not after it. */
const tamperedDecisions: readonly Tampered[] = [
  [
    'a key that is taken from a running call without force',
    5,
    '1500 sends 30 1 1500 1 1 1000 0 90000 255 0 0 1',
    'no step',
  ],
  [
    'a decision that does not keep the attempt',
    15,
    '1900 sends 30 2 1900 3 1 1700 0 90000 30 0 1 3',
    'no step',
  ],
  [
    'a decision that does not keep the fencing token',
    15,
    '1900 sends 30 2 1900 3 2 1900 0 90000 30 0 1 3',
    'no step',
  ],
  [
    'a decision about another version than stands',
    15,
    '1900 sends 30 2 1900 3 2 1700 0 90000 30 0 1 2',
    'no step',
  ],
  [
    'a decision that leaves the key unknown',
    15,
    '1900 sends 30 2 1900 2 2 1700 0 90000 255 0 1 3',
    'no step',
  ],
  [
    'an outcome that an operator overwrites',
    18,
    '2001 sends 30 3 2001 3 2 1700 0 90000 30 1 30 2',
    'no step',
  ],
  [
    'a call that takes over what an operator has completed',
    18,
    '2001 sends 2 1 2001 4 3 2001 4001 90000 255 0 30 2',
    'no step',
  ],
  [
    'a completion by a call whose key was taken',
    6,
    '1501 sends 0 2 1501 3 1 1000 0 90000 0 1 0 2',
    'no step',
  ],
  ['an answer of an operator before there is one', 12, '1800 answers 1 0 0 0 0 0 0 0 30', 'no step'],
];

type Tampered = readonly [what: string, event: number, instead: string, why: string];

/** Each with the line that is otherwise, counted from 1 after the first one, and what is wrong about it. */
const tampered: readonly Tampered[] = [
  [
    'a claim that is taken over before it lapsed',
    9,
    '3700 sends 1 2 3700 4 2 3700 5700 90000 255 0 0 2',
    'no step',
  ],
  ['a fencing token that does not grow', 9, '3800 sends 1 2 3800 4 2 1000 5800 90000 255 0 0 2', 'no step'],
  ['an attempt that is not counted', 9, '3800 sends 1 2 3800 4 1 3800 5800 90000 255 0 0 2', 'no step'],
  [
    'a renewal that follows what was replaced',
    5,
    '1600 sends 0 2 1600 4 1 1000 3600 90000 255 0 0 0',
    'no step',
  ],
  ['a lease that is too long', 5, '1600 sends 0 2 1600 4 1 1000 3900 90000 255 0 0 1', 'no step'],
  ['a write that was never sent', 10, '3801 arrives 1 3', 'no step'],
  ['a write that arrives again', 11, '3801 arrives 1 2', 'no step'],
  ['a run under a lapsed claim', 11, '5900 runs 1 0 5900', 'no step'],
  ['a second run by one call', 12, '4000 runs 1 0 4000', 'no step'],
  ['a completion before the method returned', 12, '4001 sends 1 3 4001 3 2 3800 0 90000 1 0 1 2', 'no step'],
  [
    'a completed record that is overwritten',
    15,
    '4100 sends 2 1 4100 4 3 4100 6100 90000 255 0 1 3',
    'no step',
  ],
  ['an answer that no run produced', 17, '5001 answers 2 0 0 0 0 0 0 0 0', 'no step'],
  ['a word that is no event', 4, '1002 dances 0', 'no step'],
];

describe('the specification of the protocol', function () {
  this.timeout(120_000);

  before(function () {
    const obstacle = obstacleToSpin();
    if (obstacle !== undefined) pending(this, obstacle);
  });

  it('keeps every guarantee, whatever the order of its steps', async () => {
    const found = await explore(bounds);
    expect(found).to.include({ isExhausted: true }).and.not.to.have.property('violation');
    expect(found.states).to.be.greaterThan(50_000);
  });

  for (const { flaw, guarantee, instead, bounds: more } of flaws) {
    it(`breaks ${guarantee} where it ${flaw}`, async () => {
      const sources = sourcesOf('exhaustive');
      const text = sources['protocol.pml'] ?? '';
      const [of, comes] = instead;
      expect(text.split(of)).to.have.length(2, of);
      const flawed = { ...sources, 'protocol.pml': text.replace(of, () => comes) };
      const { violation } = await explore({ ...bounds, ...more }, { sources: flawed, isShortest: true });
      expect(violation?.guarantee).to.equal(guarantee);
      expect(violation?.trace.join('\n')).to.match(/^call \d begins$/m);
    });
  }

  it('has a flaw for each of its guarantees', () => {
    const text = sourcesOf('exhaustive')['protocol.pml'] ?? '';
    const guarantees = new Set([...text.matchAll(/guarantees\((\w+),/g)].map(([, name]) => name));
    guarantees.delete('name');
    expect(new Set(flaws.map(({ guarantee }) => guarantee))).to.deep.equal(guarantees);
  });

  it('can be read in ten minutes', () => {
    expect(sourcesOf('exhaustive')['protocol.pml']?.split('\n').length).to.be.at.most(340);
  });
});

describe('traces of the protocol', function () {
  this.timeout(120_000);
  let warnings: CaughtWarnings | undefined;

  before(function () {
    const obstacle = obstacleToSpin();
    if (obstacle !== undefined) pending(this, obstacle);
    // The library warns of what these histories are made of.
    warnings = catchWarnings();
  });

  after(() => {
    warnings?.restore();
  });

  it('are allowed where each event is a step', () => {
    expect(validate(told + told))
      .to.include({ traces: 2, steps: 34 })
      .and.to.deep.include({ rejections: [] });
  });

  for (const [what, event, instead, why] of tampered) {
    it(`are rejected at ${what}`, () => {
      const lines = told.split('\n');
      lines[event] = instead;
      const { rejections } = validate(lines.join('\n') + told);
      expect(rejections).to.deep.equal([{ trace: 'told', event, why }]);
    });
  }

  it('are allowed where an operator resolves a key', () => {
    expect(validate(resolved).rejections).to.deep.equal([]);
  });

  for (const [what, event, instead, why] of tamperedDecisions) {
    it(`are rejected at ${what}`, () => {
      const lines = resolved.split('\n');
      lines[event] = instead;
      expect(validate(lines.join('\n') + told).rejections).to.deep.equal([{ trace: 'resolved', event, why }]);
    });
  }

  it('are allowed where a write arrives after many later ones of its sender', () => {
    const lines = told.split('\n');
    const later = Array.from(
      { length: 31 },
      (_, at) => `4001 sends 1 ${4 + at} 4001 3 2 3800 0 90000 1 0 1 2`,
    );
    lines.splice(14, 0, ...later);
    expect(validate(lines.join('\n')).rejections).to.deep.equal([]);
  });

  it('say nothing where a write arrives after more later ones than are remembered', () => {
    const trace = new ProtocolTrace('late', { policy: 'run', lease: 2_000, tolerance: 200 }, 0);
    const write = (n: number): IdempotencyRecord => ({
      key: 'key',
      token: `owner.${n}`,
      expiresAt: 90_000,
      state: {
        format: 1,
        status: 'in-progress',
        attempt: 1,
        fencingToken: 1,
        startedAt: 1,
        leaseUntil: 2_001,
      },
    });
    trace.begins(0, 0);
    trace.sends(1, { record: write(1), now: 1, call: 0 });
    trace.arrives(2, write(1));
    for (let n = 2; n <= 34; n += 1) trace.sends(n, { record: write(n), token: 'owner.1', now: n, call: 0 });
    trace.arrives(40, write(3));
    expect(trace.leftOut).to.equal(undefined);
    trace.arrives(41, write(2));
    expect(trace.leftOut).to.equal('a write arrives after 32 later ones of its sender');
  });

  it('are allowed where the simulation has made them', async () => {
    const { steps, rejected } = await validated(atomic, 60);
    expect(rejected).to.deep.equal([]);
    expect(steps).to.be.greaterThan(1_000);
  });

  const unlawful = brokenModels.filter(({ fault }) => /token|claim|without a condition|deletes/.test(fault));
  for (const { fault, model } of unlawful) {
    it(`are rejected where a store was simulated of which is true: ${fault}`, async () => {
      const { rejected } = await validated(model, 120);
      expect(rejected).not.to.have.length(0);
      expect(rejected[0]?.lines.at(-1)).to.match(/^\d+\. \d+ (arrives|sends|runs) /);
    });
  }
});

/** What the specification says of so many histories. */
async function validated(model: StoreModel, seeds: number) {
  const sample = new TraceSample();
  for (let seed = 1; seed <= seeds; seed += 1)
    sample.add((await simulate(drawHistory(model, seed), model, { isValidated: true })).protocolTraces);
  return sample.validated();
}
