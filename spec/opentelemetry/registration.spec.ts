import 'retrysafe/listing';
import { type Channel, channel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { metrics, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { InMemoryStore, makeIdempotent } from 'retrysafe';
import * as esm from 'retrysafe/opentelemetry';
import { IdempotencyInstrumentation, registerIdempotencyInstrumentation } from 'retrysafe/opentelemetry';
import { defer } from '../support/defer.js';
import { eventNames } from '../support/recorded-events.js';
import { thrown } from '../support/rejection.js';
import { sdkVersions, useSdk } from './sdk.js';

const channels: readonly Channel[] = [
  ...['call', 'store'].flatMap((name) =>
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) =>
      channel(`tracing:retrysafe:${name}:${event}`),
    ),
  ),
  ...eventNames.map((name) => channel(`retrysafe:${name}`)),
];

const heard = () => channels.filter(({ hasSubscribers }) => hasSubscribers).map(({ name }) => name);

const placing = () =>
  makeIdempotent(async (_hold: { readonly id: string }) => 'held', {
    name: 'placeHold',
    key: 'id',
    store: new InMemoryStore(),
  });

describe('the options of the instrumentation', () => {
  const refused = (config: object) => (thrown(() => new IdempotencyInstrumentation(config)) as Error).message;

  it('are refused where they are wrong, with what is right', () => {
    expect(refused({ key: 'digest' })).to.include(`option "key" is a text of 6 characters; expected 'hash'`);
    for (const stores of [[], {}, new InMemoryStore(), { holds: {} }])
      expect(refused({ stores })).to.include('an object with a store for each name');
    expect(refused({ scanInterval: 0.5 })).to.include('at least 1 s');
    expect(refused({ scanPages: 0 })).to.include('a whole number, 1 or more');
    for (const option of ['enabled', 'recordExceptions', 'storeSpans'])
      expect(refused({ [option]: 'yes' })).to.include(`option "${option}" is`);
    expect(refused({ spans: true })).to.include('there is no option "spans"');
    expect(heard()).to.be.empty;
  });
});

for (const version of sdkVersions) {
  describe(`the registration, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);

    const providers = () => {
      const { tracerProvider, meterProvider } = otel.sdk;
      return { tracerProvider, meterProvider };
    };

    it('leaves nothing that listens, also where a call is under way', async () => {
      const work = defer();
      const stop = registerIdempotencyInstrumentation(providers());
      expect(heard()).to.include.members([
        'tracing:retrysafe:call:start',
        'tracing:retrysafe:store:start',
        'retrysafe:claimed',
      ]);
      const waiting = makeIdempotent(async (_id: string) => work.promise, {
        name: 'wait',
        store: new InMemoryStore(),
      });
      const call = waiting('1');
      stop();
      expect(heard()).to.be.empty;
      work.resolve();
      await call;
      stop();
      expect(heard()).to.be.empty;
    });

    it('is one of several, of which each ends alone', async () => {
      const [one, other] = [otel.sdk, otel.start()];
      const stopOne = registerIdempotencyInstrumentation({ tracerProvider: one.tracerProvider });
      const stopOther = registerIdempotencyInstrumentation({ tracerProvider: other.tracerProvider });
      await placing()({ id: 'h-1' });
      stopOne();
      await placing()({ id: 'h-1' });
      stopOther();
      await placing()({ id: 'h-1' });
      expect([one.spans.length, other.spans.length]).to.deep.equal([1, 2]);
    });

    it('hears of the calls of both forms of the package, from either', async () => {
      const require = createRequire(import.meta.url);
      const { makeIdempotent: make, InMemoryStore: Store } = require('../../../dist/cjs/index.js');
      const cjs: typeof esm = require('../../../dist/cjs/opentelemetry/index.js');
      expect(cjs.IdempotencyInstrumentation).not.to.equal(esm.IdempotencyInstrumentation);
      for (const one of [esm, cjs]) {
        const stop = one.registerIdempotencyInstrumentation(providers());
        await placing()({ id: 'h-1' });
        await make(async (_id: string) => 1, { name: 'inCommonJS', store: new Store() })('1');
        stop();
      }
      expect(otel.sdk.spans.map(({ name }) => name)).to.deep.equal([
        'placeHold',
        'inCommonJS',
        'placeHold',
        'inCommonJS',
      ]);
    });

    it('is what registerInstrumentations expects, until what that returns is called', async () => {
      const { registerInstrumentations } = otel.load('@opentelemetry/instrumentation');
      const instrumentation = new IdempotencyInstrumentation();
      const stop = registerInstrumentations({ ...providers(), instrumentations: [instrumentation] });
      await placing()({ id: 'h-1' });
      stop();
      await placing()({ id: 'h-1' });
      expect(otel.sdk.spans).to.have.length(1);
      const [calls] = await otel.sdk.figures('retrysafe.calls');
      expect(calls?.value).to.equal(1);
      expect(heard()).to.be.empty;
    });

    it('enables by registerInstrumentations what was made disabled', async () => {
      const { registerInstrumentations } = otel.load('@opentelemetry/instrumentation');
      const instrumentation = new IdempotencyInstrumentation({ enabled: false, key: 'omit' });
      expect(heard()).to.be.empty;
      expect(instrumentation.getConfig()).to.deep.equal({ enabled: false, key: 'omit' });
      const stop = registerInstrumentations({ ...providers(), instrumentations: [instrumentation] });
      await placing()({ id: 'h-1' });
      stop();
      expect(otel.sdk.spans.map(({ attributes }) => attributes['retrysafe.key'])).to.deep.equal([undefined]);
    });

    it('takes another config while it is enabled', async () => {
      const instrumentation = new IdempotencyInstrumentation({ key: 'omit' });
      instrumentation.setTracerProvider(otel.sdk.tracerProvider);
      await placing()({ id: 'h-1' });
      instrumentation.setConfig({ key: 'full' });
      await placing()({ id: 'h-1' });
      expect(instrumentation.getConfig()).to.deep.equal({ enabled: true, key: 'full' });
      instrumentation.disable();
      const [omitted, full] = otel.sdk.spans.map(({ attributes }) => attributes['retrysafe.key']);
      expect(omitted).to.equal(undefined);
      expect(full).to.match(/^placeHold#/);
    });

    it('uses the providers of the process where it is given none', async () => {
      otel.sdk.makeGlobal();
      expect(trace.getTracerProvider()).not.to.equal(undefined);
      expect(metrics.getMeterProvider()).to.equal(otel.sdk.meterProvider);
      const stop = registerIdempotencyInstrumentation();
      await placing()({ id: 'h-1' });
      stop();
      expect(otel.sdk.spans).to.have.length(1);
      expect(await otel.sdk.figures('retrysafe.calls')).to.have.length(1);
    });

    it('follows a provider of metrics that comes later', async () => {
      const instrumentation = new IdempotencyInstrumentation();
      const [one, other] = [otel.sdk, otel.start()];
      instrumentation.setMeterProvider(one.meterProvider);
      await placing()({ id: 'h-1' });
      instrumentation.setMeterProvider(other.meterProvider);
      await placing()({ id: 'h-1' });
      instrumentation.disable();
      for (const sdk of [one, other]) {
        const [calls] = await sdk.figures('retrysafe.calls');
        expect(calls?.value).to.equal(1);
      }
    });
  });
}
