// biome-ignore-all lint/suspicious/noExplicitAny: SDKs of several versions, which may not be installed where types are checked
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type {
  Attributes,
  Link,
  MeterProvider,
  SpanContext,
  SpanStatus,
  TracerProvider,
} from '@opentelemetry/api';
import { pending } from '../support/pending.js';

/** The SDKs that are alive. `npm run install:opentelemetry` installs them. */
export const sdkVersions = ['2', '3'] as const;
export type SdkVersion = (typeof sdkVersions)[number];

/** A span as an exporter gets it. */
export interface ExportedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly links: readonly Link[];
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes }[];
  readonly parentSpanContext?: SpanContext;
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
  spanContext(): SpanContext;
}

/** One point of one metric, as an exporter gets it. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly type: 'COUNTER' | 'HISTOGRAM' | 'OBSERVABLE_GAUGE';
  readonly attributes: Attributes;
  /** A number, or what a histogram has. */
  readonly value: any;
}

/** An SDK with exporters in memory. */
export class Sdk {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  readonly #spans: any;
  readonly #reader: any;
  readonly #api: any;

  /** With `reader`, metrics are read by that one. */
  constructor(load: (name: string) => any, { sampled = true, reader, more = [] }: SdkSettings = {}) {
    const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
    const tracing = loadTracing(load);
    const { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter } = load(
      '@opentelemetry/sdk-metrics',
    );
    this.#spans = new tracing.InMemorySpanExporter();
    this.tracerProvider = new tracing.TracerProvider({
      spanProcessors: [...more, tracing.processorOf(this.#spans)],
      sampler: sampled ? new tracing.AlwaysOnSampler() : new tracing.AlwaysOffSampler(),
    });
    this.#reader =
      reader ??
      new PeriodicExportingMetricReader({
        exporter: new InMemoryMetricExporter(1),
        exportIntervalMillis: 2 ** 30,
      });
    this.meterProvider = new MeterProvider({ readers: [this.#reader] });
    this.#api = load('@opentelemetry/api');
    this.#api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  get reader(): any {
    return this.#reader;
  }

  /** The spans that have ended, in the order of their ends. */
  get spans(): readonly ExportedSpan[] {
    return this.#spans.getFinishedSpans();
  }

  named(name: string): readonly ExportedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** Runs `run` in a span of the application. */
  within<T>(name: string, run: () => Promise<T>): Promise<T> {
    return this.tracerProvider.getTracer('application').startActiveSpan(name, async (span) => {
      try {
        return await run();
      } finally {
        span.end();
      }
    });
  }

  /** Makes the providers those of the process. */
  makeGlobal(): void {
    this.#api.trace.setGlobalTracerProvider(this.tracerProvider);
    this.#api.metrics.setGlobalMeterProvider(this.meterProvider);
  }

  /** Collects the metrics. */
  async figures(name?: string): Promise<readonly Figure[]> {
    const { resourceMetrics } = await this.#reader.collect();
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }: any) => metrics)
      .flatMap(({ descriptor, dataPoints }: any) =>
        dataPoints.map(({ attributes, value }: any) => ({ ...descriptor, attributes, value })),
      )
      .filter((figure: Figure) => name === undefined || figure.name === name);
  }

  async stop(): Promise<void> {
    for (const one of ['context', 'trace', 'metrics']) this.#api[one].disable();
    // The next SDK may have another version of the API, which does not register beside this one.
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
    await (this.meterProvider as any).shutdown();
    await (this.tracerProvider as any).shutdown();
  }
}

export interface SdkSettings {
  readonly sampled?: boolean;
  readonly reader?: unknown;
  /** Span processors before that of the exporter. */
  readonly more?: readonly unknown[];
}

/** What makes spans, which has changed its package and its form. */
function loadTracing(load: (name: string) => any): any {
  try {
    const tracing = load('@opentelemetry/sdk-trace-base');
    const processorOf = (exporter: unknown) => new tracing.SimpleSpanProcessor(exporter);
    return { ...tracing, TracerProvider: tracing.BasicTracerProvider, processorOf };
  } catch {
    const tracing = load('@opentelemetry/sdk-trace');
    return { ...tracing, processorOf: (exporter: unknown) => new tracing.SimpleSpanProcessor({ exporter }) };
  }
}

const projectOf = (version: SdkVersion) =>
  fileURLToPath(new URL(`../../../spec/opentelemetry/sdk-${version}/package.json`, import.meta.url));

/** Says why an SDK cannot run here, or nothing where it can. */
export function obstacleTo(version: SdkVersion): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > 22 || (major === 22 && minor >= 15);
  if (version === '3' && !isNewEnough) return 'it needs Node.js 22.15';
  const modules = projectOf(version).replace(/package\.json$/, 'node_modules/@opentelemetry/api');
  return existsSync(modules) ? undefined : 'it is not installed: npm run install:opentelemetry';
}

/** Returns what loads the packages of an SDK. */
export function loaderOf(version: SdkVersion): (name: string) => any {
  return createRequire(projectOf(version));
}

/** Whether it is as it should be that an SDK does not run here. */
const mayBePending = (version: SdkVersion) => obstacleTo(version)?.includes('Node.js') === true;

export interface SdkFixture {
  readonly load: (name: string) => any;
  /** The one of this test. */
  readonly sdk: Sdk;
  /** Takes another one for this test. */
  start(settings?: SdkSettings): Sdk;
}

/** Gives each spec of a `describe` an SDK. The specs are pending where it cannot run. */
export function useSdk(version: SdkVersion): SdkFixture {
  let running: Sdk[] = [];
  const load = (name: string) => loaderOf(version)(name);
  const fixture: SdkFixture = {
    load,
    get sdk() {
      return running.at(-1) ?? fixture.start();
    },
    start(settings) {
      const sdk = new Sdk(load, settings);
      running.push(sdk);
      return sdk;
    },
  };
  before(function () {
    const obstacle = obstacleTo(version);
    if (obstacle) pending(this, `the SDK ${version} of OpenTelemetry: ${obstacle}`, mayBePending(version));
  });
  afterEach(async () => {
    await Promise.all(running.map((sdk) => sdk.stop()));
    running = [];
  });
  return fixture;
}
