import {
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { observeCalls } from './call-telemetry.js';
import { countEvents } from './event-metrics.js';
import {
  type IdempotencyInstrumentationConfig,
  type Settings,
  settingsOf,
} from './instrumentation-config.js';
import { type Instruments, instrumentsOf } from './instruments.js';
import { observeStoreRequests } from './store-telemetry.js';
import { observeStuckKeys } from './stuck-keys.js';

// The build puts the version of the package here.
declare const PACKAGE_VERSION: string;

const where = 'IdempotencyInstrumentation';

/**
 * Makes spans and metrics of the calls of this process, in the form that `registerInstrumentations` of `@opentelemetry/instrumentation` takes. Without
 * other providers it uses the global ones, so it is made once these are there. While it is disabled, calls cost what they cost without it.
 *
 * Each instance that is enabled makes spans and metrics of its own.
 */
export class IdempotencyInstrumentation {
  readonly instrumentationName = 'retrysafe';
  readonly instrumentationVersion: string = PACKAGE_VERSION;
  #config: IdempotencyInstrumentationConfig & { readonly enabled: boolean };
  #settings: Settings;
  #tracer: Tracer;
  #meter: Meter;
  /** Those of the present meter, made when it is first enabled. */
  #instruments: Instruments | undefined;
  /** While it is enabled: what ends each subscription. */
  #stops: (() => void)[] | undefined;
  #stopScans: (() => void) | undefined;

  /** @throws {ConfigurationError} for a wrong option. */
  constructor(config: IdempotencyInstrumentationConfig = {}) {
    this.#settings = settingsOf(where, config);
    this.#config = { enabled: true, ...config };
    this.#tracer = this.#tracerOf(trace.getTracerProvider());
    this.#meter = this.#meterOf(metrics.getMeterProvider());
    if (this.#config.enabled) this.enable();
  }

  /** Begins to tell of calls. Does nothing where it has begun. */
  enable(): void {
    if (this.#stops) return;
    const instruments = () => (this.#instruments ??= instrumentsOf(this.#meter));
    const sinks = () => ({ tracer: this.#tracer, instruments: instruments(), settings: this.#settings });
    this.#stops = [observeCalls(sinks), observeStoreRequests(sinks), countEvents(instruments)];
    this.#scan();
  }

  /** Stops, and leaves no subscription. The spans of calls that are under way end here. */
  disable(): void {
    for (const stop of this.#stops ?? []) stop();
    this.#stops = undefined;
    this.#stopScans?.();
    this.#stopScans = undefined;
  }

  setTracerProvider(tracerProvider: TracerProvider): void {
    this.#tracer = this.#tracerOf(tracerProvider);
  }

  setMeterProvider(meterProvider: MeterProvider): void {
    this.#meter = this.#meterOf(meterProvider);
    this.#instruments = undefined;
    this.#scan();
  }

  /**
   * Replaces the config, for calls that begin from now on. `enabled` is for the constructor alone.
   *
   * @throws {ConfigurationError} for a wrong option.
   */
  setConfig(config: IdempotencyInstrumentationConfig): void {
    this.#settings = settingsOf(where, config);
    this.#config = { enabled: true, ...config };
    this.#scan();
  }

  getConfig(): IdempotencyInstrumentationConfig {
    return this.#config;
  }

  /** Scans the stores of the settings for the present meter, and for no other. */
  #scan(): void {
    this.#stopScans?.();
    this.#stopScans = this.#stops && observeStuckKeys(this.#meter, this.#settings);
  }

  #tracerOf(provider: TracerProvider): Tracer {
    return provider.getTracer(this.instrumentationName, this.instrumentationVersion);
  }

  #meterOf(provider: MeterProvider): Meter {
    return provider.getMeter(this.instrumentationName, this.instrumentationVersion);
  }
}
