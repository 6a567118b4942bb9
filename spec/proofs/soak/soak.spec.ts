import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { InMemoryStore, makeIdempotent } from 'retrysafe';
import { trend } from './flatness.js';
import { growing, type Quantity, Sampling } from './sampling.js';

describe('what the soak measures', function () {
  this.timeout(60_000);

  /** Calls of which each leaves something behind, sampled as the soak does. */
  async function grown(leave: (call: number, emitter: EventEmitter) => void = () => {}): Promise<Quantity[]> {
    const call = makeIdempotent(async (id: number) => id, {
      name: 'soaked',
      key: (id: number) => id % 100,
      store: new InMemoryStore(),
    });
    const emitter = new EventEmitter().setMaxListeners(0);
    const sampling = new Sampling([emitter]);
    let calls = 0;
    for (let sample = 0; sample < 9; sample += 1) {
      for (let n = 0; n < 2_000; n += 1) {
        calls += 1;
        await call(calls);
        leave(calls, emitter);
      }
      sampling.sample(calls);
    }
    return growing(sampling.trends());
  }

  it('is flat where nothing leaks', async () => {
    expect(await grown()).to.deep.equal([]);
  });

  it('grows where each call leaks a hundred bytes', async () => {
    const left: unknown[] = [];
    expect(await grown((call) => left.push({ call, text: `${call}`.repeat(6) }))).to.include('heap in bytes');
    expect(left).to.have.length(18_000);
  });

  it('grows where one call in ten leaks a listener, a promise, an abort signal, a map or a set', async () => {
    const left: unknown[] = [];
    const found = await grown((call, emitter) => {
      if (call % 10 > 0) return;
      emitter.on('change', () => {});
      left.push(new Promise(() => {}), new AbortController().signal, new Map(), new Set());
    });
    expect(found).to.include.members(['listeners', 'promises', 'abort signals', 'maps', 'sets']);
    expect(left).to.have.length(7_200);
  });

  it('grows where one call in ten leaks a timer', async () => {
    const timers: NodeJS.Timeout[] = [];
    try {
      const leaves = (call: number) => call % 10 === 0 && timers.push(setTimeout(() => {}, 60_000));
      expect(await grown(leaves)).to.include('handles');
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  });

  it('is a slope that single outliers do not change', () => {
    const points = Array.from({ length: 30 }, (_, n) => ({
      calls: n * 100,
      value: n === 25 ? 9_000 : 1_000 + (n % 2),
    }));
    expect(Math.abs(trend(points).slope)).to.be.below(0.01);
    const rising = points.map(({ calls, value }) => ({ calls, value: value + calls }));
    expect(trend(rising).slope).to.be.closeTo(1, 0.01);
    expect(() => trend(points.slice(0, 3))).to.throw(RangeError);
  });
});
