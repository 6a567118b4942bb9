import { expect } from 'chai';
import sinon from 'sinon';
import { RunTimes } from '#http/core/run-times.js';

const NOW = 1_800_000_000_000;

describe('for how long a client is to wait', () => {
  let times: RunTimes;
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    times = new RunTimes();
    clock = sinon.useFakeTimers({ now: NOW, toFake: ['Date'] });
  });

  afterEach(() => clock.restore());

  it('is a second where nothing is known', () => {
    expect(times.secondsLeft('a', NOW)).to.equal(1);
    times.learn('a', 90_000);
    expect(times.secondsLeft('b', NOW)).to.equal(1);
    expect(times.secondsLeft('a', undefined)).to.equal(1);
  });

  it('is what is left of the work, in whole seconds', () => {
    times.learn('a', 90_000);
    expect(times.secondsLeft('a', NOW)).to.equal(90);
    expect(times.secondsLeft('a', NOW - 30_000)).to.equal(60);
    expect(times.secondsLeft('a', NOW - 30_001)).to.equal(60);
    expect(times.secondsLeft('a', NOW - 29_999)).to.equal(61);
  });

  it('is a second where the work takes longer than before, or less than one', () => {
    times.learn('a', 90_000);
    expect(times.secondsLeft('a', NOW - 90_000)).to.equal(1);
    expect(times.secondsLeft('a', NOW - 900_000)).to.equal(1);
    times.learn('b', 0.4);
    expect(times.secondsLeft('b', NOW)).to.equal(1);
  });

  it('is an hour at most, whatever the clocks of two machines say', () => {
    times.learn('a', 90_000);
    expect(times.secondsLeft('a', NOW + 100 * 3_600_000)).to.equal(3_600);
    times.learn('b', 100 * 3_600_000);
    expect(times.secondsLeft('b', NOW)).to.equal(3_600);
  });

  it('follows what the latest requests take, and is not that of a single one', () => {
    for (let run = 0; run < 10; run += 1) times.learn('a', 10_000);
    times.learn('a', 110_000);
    expect(times.secondsLeft('a', NOW)).to.equal(40);
    for (let run = 0; run < 20; run += 1) times.learn('a', 110_000);
    expect(times.secondsLeft('a', NOW)).to.be.within(109, 110);
  });
});
