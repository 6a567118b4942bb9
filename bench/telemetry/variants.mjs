import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { InMemoryStore, makeIdempotent } from '../../dist/esm/index.js';
import { registerIdempotencyInstrumentation } from '../../dist/esm/opentelemetry/index.js';

const project = new URL('../../spec/opentelemetry/sdk-2/package.json', import.meta.url);
const load = createRequire(fileURLToPath(project));
const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = load(
  '@opentelemetry/sdk-metrics',
);
const { AlwaysOffSampler, BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');
const { context } = load('@opentelemetry/api');

export const loaded = {
  InMemoryStore,
  makeIdempotent,
  sdkVersion: load('@opentelemetry/sdk-trace-base/package.json').version,
};

/** Takes what it gets, as one that sends it does in another turn. */
const exporter = {
  export: (_spans, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
};

const tracing = (settings = {}) =>
  new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 2 ** 20 })],
    ...settings,
  });

const metering = () => {
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA),
    exportIntervalMillis: 2 ** 30,
  });
  return new MeterProvider({ readers: [reader] });
};

/** What does nothing: the providers that an application has without an SDK. */
const noTracing = () => load('@opentelemetry/api').trace.getTracerProvider();
const noMetering = () => load('@opentelemetry/api').metrics.getMeterProvider();

/** Registers by these providers until the returned function is called. */
function registered(tracerProvider, meterProvider, options = {}) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const stop = registerIdempotencyInstrumentation({ tracerProvider, meterProvider, ...options });
  return async () => {
    stop();
    context.disable();
    await tracerProvider.shutdown?.();
    await meterProvider.shutdown?.();
  };
}

/** How calls are told, the first one not at all. Each begins, and returns what ends it. */
export const variants = [
  { title: 'without', begin: () => async () => {} },
  {
    title: 'registered, and unregistered again',
    begin: () => {
      registerIdempotencyInstrumentation()();
      return async () => {};
    },
  },
  { title: 'without an SDK', begin: () => registered(noTracing(), noMetering()) },
  { title: 'metrics', begin: () => registered(noTracing(), metering()) },
  {
    title: 'spans, of which none is sampled',
    begin: () => registered(tracing({ sampler: new AlwaysOffSampler() }), noMetering()),
  },
  { title: 'spans', begin: () => registered(tracing(), noMetering()) },
  { title: 'spans and metrics', begin: () => registered(tracing(), metering()) },
  {
    title: 'spans and metrics, with spans of the store',
    begin: () => registered(tracing(), metering(), { storeSpans: true }),
  },
];
