import 'retrysafe/listing';
import { setImmediate as turn } from 'node:timers/promises';
import { diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, makeIdempotent, type PersistenceStore, unknown } from 'retrysafe';
import {
  type IdempotencyInstrumentationOptions,
  registerIdempotencyInstrumentation,
} from 'retrysafe/opentelemetry';
import { abandon } from 'retrysafe/testing';
import sinon from 'sinon';
import { catchWarnings } from '../support/process-warnings.js';
import { sdkVersions, useSdk } from './sdk.js';

interface Hold {
  readonly id: string;
}

type List = NonNullable<PersistenceStore['records']>;

/** Lists a record a page, and notes what it was asked for. */
class CountedStore implements PersistenceStore {
  readonly inner = new InMemoryStore();
  readonly claim = this.inner.claim.bind(this.inner);
  readonly replace = this.inner.replace.bind(this.inner);
  readonly find = this.inner.find.bind(this.inner);
  readonly asked: Parameters<List>[0][] = [];
  fault: Error | undefined;

  async records(query: Parameters<List>[0]): ReturnType<List> {
    this.asked.push(query);
    if (this.fault) throw this.fault;
    return this.inner.records({ ...query, limit: 1 });
  }
}

/** What an operation does of which nobody knows whether it was done. */
const work = async (_hold: Hold) => unknown('nobody knows');
const placing = (store: PersistenceStore, name = 'placeHold') =>
  makeIdempotent(work, { name, key: 'id', store });

for (const version of sdkVersions) {
  describe(`the metric of stuck keys, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);
    let clock: sinon.SinonFakeTimers;
    let stop = () => {};
    let store: CountedStore;
    beforeEach(() => {
      // Those of the SDK's timers stay: it waits for them when it shuts down.
      clock = sinon.useFakeTimers({ toFake: ['Date', 'performance'] });
      store = new CountedStore();
    });
    afterEach(() => {
      stop();
      clock.restore();
      sinon.restore();
    });

    function register(options: IdempotencyInstrumentationOptions = {}): void {
      const { tracerProvider, meterProvider } = otel.sdk;
      stop = registerIdempotencyInstrumentation({
        tracerProvider,
        meterProvider,
        stores: { orders: store },
        ...options,
      });
    }

    async function stuck(): Promise<readonly object[]> {
      return (await otel.sdk.figures('retrysafe.stuck_keys')).map(({ attributes, value }) => {
        const { 'retrysafe.operation': operation, 'retrysafe.status': status } = attributes;
        return { operation, status, value };
      });
    }

    /** Collects once, which begins a scan, and lets the scan end. */
    async function scan(): Promise<void> {
      await stuck();
      await turn();
    }

    it('has the unknown and the abandoned keys of each operation, from the first scan on', async () => {
      await placing(store)({ id: 'h-1' });
      await placing(store)({ id: 'h-2' });
      await placing(store, 'a#b')({ id: 'h-1' });
      await abandon(placing(store), { id: 'h-3' });
      register();
      expect(await stuck()).to.be.empty;
      await scan();
      expect(await stuck()).to.have.deep.members([
        { operation: 'placeHold', status: 'unknown', value: 2 },
        { operation: 'placeHold', status: 'abandoned', value: 1 },
        { operation: 'a#b', status: 'unknown', value: 1 },
        { operation: 'a#b', status: 'abandoned', value: 0 },
      ]);
      const [figure] = await otel.sdk.figures('retrysafe.stuck_keys');
      expect(figure?.attributes['retrysafe.store']).to.equal('orders');
    });

    it('costs no scan at an export before its interval is over', async () => {
      register({ scanInterval: '1m' });
      await scan();
      const asked = store.asked.length;
      expect(asked).to.equal(2);
      clock.tick(59_000);
      await scan();
      expect(store.asked).to.have.length(asked);
      clock.tick(1_000);
      await scan();
      expect(store.asked).to.have.length(2 * asked);
    });

    it('is zero where the keys are resolved', async () => {
      await placing(store)({ id: 'h-1' });
      register({ scanInterval: 60 });
      await scan();
      store.inner.clear();
      clock.tick(60_000);
      await scan();
      expect(await stuck()).to.have.deep.members([
        { operation: 'placeHold', status: 'unknown', value: 0 },
        { operation: 'placeHold', status: 'abandoned', value: 0 },
      ]);
    });

    it('is spread over several scans where there are more pages, and says nothing of a part', async () => {
      for (const id of ['h-1', 'h-2', 'h-3']) await placing(store)({ id });
      register({ scanPages: 2, scanInterval: 60 });
      await scan();
      expect(store.asked).to.have.length(2);
      expect(await stuck()).to.be.empty;
      for (let count = 0; count < 2; count += 1) {
        clock.tick(60_000);
        await scan();
      }
      expect(await stuck()).to.deep.include({ operation: 'placeHold', status: 'unknown', value: 3 });
    });

    it('has its age', async () => {
      register({ scanInterval: '5m' });
      await scan();
      clock.tick(42_000);
      const [age] = await otel.sdk.figures('retrysafe.stuck_keys.age');
      expect(age?.value).to.equal(42);
      expect(age?.attributes).to.deep.equal({ 'retrysafe.store': 'orders' });
    });

    it('gets older where the store fails, and new where it works again', async () => {
      await placing(store)({ id: 'h-1' });
      const error = sinon.stub(diag, 'error');
      register({ scanInterval: 60 });
      const age = async () => (await otel.sdk.figures('retrysafe.stuck_keys.age'))[0]?.value;
      await scan();
      store.fault = new Error('away');
      clock.tick(60_000);
      await scan();
      expect(error.firstCall.args[0]).to.include('the stuck keys of the store "orders" cannot be counted');
      expect(await age()).to.equal(60);
      expect(await stuck()).to.deep.include({ operation: 'placeHold', status: 'unknown', value: 1 });
      store.fault = undefined;
      await placing(store)({ id: 'h-2' });
      clock.tick(60_000);
      await scan();
      expect(await age()).to.equal(0);
      expect(await stuck()).to.deep.include({ operation: 'placeHold', status: 'unknown', value: 2 });
    });

    it('warns once of what no later scan mends: the import that is missing, which OpenTelemetry tells nobody by itself', async () => {
      const warnings = catchWarnings();
      sinon.stub(diag, 'error');
      const name = `orders of ${version}`;
      register({ stores: { [name]: store }, scanInterval: 60 });
      store.fault = new ConfigurationError("InMemoryStore: records() needs `import 'retrysafe/listing'`");
      await scan();
      clock.tick(60_000);
      await scan();
      warnings.restore();
      expect(store.asked).to.have.length(2);
      expect(warnings.texts('RETRYSAFE_STUCK_KEYS')).to.deep.equal([
        `retrysafe/opentelemetry: the stuck keys of the store "${name}" cannot be counted: InMemoryStore: records() needs \`import 'retrysafe/listing'\``,
      ]);
    });

    it('leaves out a store that cannot list, and says so', () => {
      const warn = sinon.stub(diag, 'warn');
      const { claim, replace, find } = store;
      register({ stores: { orders: { claim, replace, find } } });
      expect(warn.firstCall.args[0]).to.include('the store "orders" has no records()');
    });

    it('is not read where nothing registers it, nor after that', async () => {
      register();
      stop();
      await scan();
      expect(store.asked).to.be.empty;
    });
  });
}
