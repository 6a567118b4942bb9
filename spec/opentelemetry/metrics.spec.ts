import { channel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { type IdempotentOptions, InMemoryStore, makeIdempotent, type PersistenceStore } from 'retrysafe';
import { registerIdempotencyInstrumentation } from 'retrysafe/opentelemetry';
import { abandon, FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { type Figure, sdkVersions, useSdk } from './sdk.js';

interface Hold {
  readonly id: string;
}

for (const version of sdkVersions) {
  describe(`metrics of calls, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);
    let stop = () => {};
    let store: PersistenceStore;
    beforeEach(() => {
      store = new FailingStore(new InMemoryStore());
      const { tracerProvider, meterProvider } = otel.sdk;
      stop = registerIdempotencyInstrumentation({ tracerProvider, meterProvider });
    });
    afterEach(() => stop());

    function placing(work: () => unknown = () => 'held', options: IdempotentOptions = {}) {
      const settings = { name: 'placeHold', key: 'id', store, ...options };
      return makeIdempotent(async (_hold: Hold) => work(), settings);
    }

    /** What a counter has: the sum for each set of attributes besides the operation. */
    async function sums(name: string): Promise<readonly object[]> {
      return (await otel.sdk.figures(name)).map(({ attributes, value }) => {
        const { 'retrysafe.operation': operation, ...others } = attributes;
        expect(operation).to.equal('placeHold');
        return { ...others, value };
      });
    }

    async function histogram(name: string, outcome: string): Promise<Figure['value']> {
      const figures = await otel.sdk.figures(name);
      return figures.find(({ attributes }) => attributes['retrysafe.outcome'] === outcome)?.value;
    }

    it('count calls by what became of them, and by the kind of their errors', async () => {
      const placeHold = placing();
      await placeHold({ id: 'h-1' });
      await placeHold({ id: 'h-1' });
      await placeHold({ id: 'h-1' });
      const failing = placing(() => {
        throw new RangeError();
      });
      await rejection(failing({ id: 'h-2' }));
      expect(await sums('retrysafe.calls')).to.have.deep.members([
        { 'retrysafe.outcome': 'completed', value: 1 },
        { 'retrysafe.outcome': 'replayed', value: 2 },
        { 'retrysafe.outcome': 'released', 'error.type': 'RangeError', value: 1 },
      ]);
    });

    it('time calls, and the method of those that run it', async () => {
      const placeHold = placing();
      await placeHold({ id: 'h-1' });
      await placeHold({ id: 'h-1' });
      for (const outcome of ['completed', 'replayed']) {
        const { count, sum } = await histogram('retrysafe.call.duration', outcome);
        expect(count).to.equal(1);
        expect(sum).to.be.within(0.000_001, 5);
      }
      expect((await histogram('retrysafe.run.duration', 'completed')).count).to.equal(1);
      expect(await histogram('retrysafe.run.duration', 'replayed')).to.equal(undefined);
      expect(await otel.sdk.figures('retrysafe.wait.duration')).to.be.empty;
    });

    it('time how long a call waited for another one', async () => {
      const work = defer();
      const placeHold = placing(() => work.promise);
      const calls = [placeHold({ id: 'h-1' }), placeHold({ id: 'h-1' })];
      work.resolve();
      await Promise.all(calls);
      expect((await histogram('retrysafe.wait.duration', 'replayed')).count).to.equal(1);
      expect(await histogram('retrysafe.wait.duration', 'completed')).to.equal(undefined);
    });

    it('have buckets from a millisecond to a minute', async () => {
      await placing()({ id: 'h-1' });
      const { buckets } = await histogram('retrysafe.call.duration', 'completed');
      expect(buckets.boundaries.slice(0, 2)).to.deep.equal([0.001, 0.0025]);
      expect(buckets.boundaries.at(-1)).to.equal(60);
    });

    it('count runs by what their keys were before', async () => {
      let runs = 0;
      const placeHold = placing(
        () => {
          runs += 1;
          if (runs === 1) throw new RangeError();
        },
        { onAbandoned: 'run' },
      );
      await rejection(placeHold({ id: 'h-1' }));
      await placeHold({ id: 'h-1' });
      await abandon(placeHold, { id: 'h-2' });
      await placeHold({ id: 'h-2' });
      expect(await sums('retrysafe.attempts')).to.have.deep.members([
        { 'retrysafe.after': 'nothing', value: 1 },
        { 'retrysafe.after': 'released', value: 1 },
        { 'retrysafe.after': 'abandoned', value: 1 },
      ]);
    });

    it('count requests to a store that failed and runs without a claim, and time all requests', async () => {
      const failing = store as FailingStore;
      await placing()({ id: 'h-2' });
      failing.fail('claim', { times: 2, error: new TypeError() });
      await placing(() => 'held', { onStoreFailure: 'run' })({ id: 'h-1' });
      expect(await sums('retrysafe.store.failures')).to.deep.equal([
        { 'retrysafe.step': 'claim', 'error.type': 'TypeError', value: 2 },
      ]);
      expect(await sums('retrysafe.runs.unprotected')).to.deep.equal([{ value: 1 }]);
      const counts = (await sums('retrysafe.store.duration')).map((figure) => {
        const { value, ...attributes } = figure as { value: { count: number }; 'retrysafe.step': string };
        return { ...attributes, count: value.count };
      });
      expect(counts).to.deep.include({ 'retrysafe.step': 'claim', 'error.type': 'TypeError', count: 2 });
      const steps = counts
        .filter((figure) => !('error.type' in figure))
        .map((figure) => figure['retrysafe.step']);
      expect(steps).to.have.members(['claim', 'replace']);
    });

    it('time the requests to a store that answers at once, as the one in memory does', async () => {
      await placing(() => 'held', { store: new InMemoryStore() })({ id: 'h-1' });
      const steps = (await otel.sdk.figures('retrysafe.store.duration')).map(({ attributes, value }) => [
        attributes['retrysafe.step'],
        value.count,
      ]);
      expect(steps).to.have.deep.members([
        ['claim', 1],
        ['replace', 1],
      ]);
    });

    it('count claims that were lost, outcomes that were not stored and options that failed', async () => {
      const event = { operation: 'placeHold', key: 'placeHold#1', attempt: 1, duration: 0.1 };
      channel('retrysafe:claim-lost').publish(event);
      channel('retrysafe:outcome-not-stored').publish({ ...event, reason: 'too large' });
      channel('retrysafe:option-failed').publish({ ...event, option: 'ttl', reason: 'none' });
      expect(await sums('retrysafe.claims.lost')).to.deep.equal([{ value: 1 }]);
      expect(await sums('retrysafe.outcomes.not_stored')).to.deep.equal([{ value: 1 }]);
      expect(await sums('retrysafe.option.failures')).to.deep.equal([
        { 'retrysafe.option': 'ttl', value: 1 },
      ]);
    });

    it('have no key and no value of a user', async () => {
      const secret = 'PAYLOAD-4111-1111';
      await placing()({ id: secret });
      await rejection(
        placing(() => {
          throw new Error(secret);
        })({ id: `${secret}-2` }),
      );
      const figures = await otel.sdk.figures();
      expect(figures).not.to.be.empty;
      expect(JSON.stringify(figures)).not.to.match(/PAYLOAD|#/);
    });
  });
}
