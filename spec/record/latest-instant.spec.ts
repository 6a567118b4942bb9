import { expect } from 'chai';
import { type Duration, type IdempotentOptions, makeIdempotent, recordOf } from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

/** The end of the year 9999. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const YEARS = 100 * 365 * 86_400_000;

const endless: Record<string, Duration> = {
  'a text of days beyond all time': '999999999999d',
  'a text of 400 digits': `${'9'.repeat(400)}d` as Duration,
  'a text of 400 digits and a fraction': `${'9'.repeat(400)}.5h` as Duration,
  'a text that passes what a database keeps as a bigint': '106751991168d',
};

describe('a duration beyond the latest instant', () => {
  let clock: ReturnType<typeof fakeTime>;
  let warnings: CaughtWarnings;
  let store: ScriptedStore;
  let runs: number;

  beforeEach(() => {
    clock = fakeTime();
    warnings = catchWarnings();
    store = new ScriptedStore();
    runs = 0;
  });

  afterEach(() => {
    clock.restore();
    warnings.restore();
  });

  function operation(options: IdempotentOptions, ofProcess = store) {
    return makeIdempotent(
      async (_id: string) => {
        runs += 1;
        return runs;
      },
      { name: 'kept for ever', store: ofProcess, ...options },
    );
  }

  /** Asserts that every record was one that any store can hold and the engine can read. */
  function expectSafeRecords(): void {
    const records = store.calls.flatMap(({ record }) => record ?? []);
    expect(records).not.to.deep.equal([]);
    for (const { expiresAt, state } of records) {
      expect(expiresAt).to.satisfy(Number.isSafeInteger).and.to.be.at.most(LATEST);
      if (state.status !== 'in-progress') continue;
      expect(state.leaseUntil).to.satisfy(Number.isSafeInteger).and.to.be.at.most(LATEST);
    }
  }

  for (const [what, length] of Object.entries(endless)) {
    for (const [how, ttl] of [
      ['the option', length],
      ['the answer of a function', () => length],
    ] as const) {
      it(`as ${how} \`ttl\`, keeps an outcome for good, by ${what}`, async () => {
        const call = operation({ ttl });
        expect(await call('a')).to.equal(1);
        expect(await recordOf(call, 'a').inspect()).to.include({ expiresAt: LATEST, status: 'completed' });
        await clock.tickAsync(YEARS);
        expect(await operation({ ttl }, store.peer())('a')).to.equal(1);
        expect([runs, warnings.texts('RETRYSAFE_TTL')]).to.deep.equal([1, []]);
        expectSafeRecords();
      });
    }

    for (const option of ['lease', 'wait', 'clockTolerance', 'unresolvedTtl'] as const) {
      it(`as the option \`${option}\`, causes neither a lost outcome nor a second run, by ${what}`, async () => {
        const more = option === 'lease' ? { renewFor: length } : {};
        const call = operation({ [option]: length, ...more });
        const answers = await Promise.all([call('a'), call('a')]);
        expect([...answers, await call('a')]).to.deep.equal([1, 1, 1]);
        expect(await recordOf(call, 'a').inspect()).to.include({ status: 'completed' });
        expectSafeRecords();
      });
    }
  }

  it('is still refused as a bare number, which may be a mistake', async () => {
    const call = operation({ ttl: () => Number('1e999') });
    await call('a');
    expect(warnings.texts('RETRYSAFE_TTL')).to.have.length(1);
  });
});
