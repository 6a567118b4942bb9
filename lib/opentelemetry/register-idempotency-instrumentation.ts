import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { IdempotencyInstrumentation } from './idempotency-instrumentation.js';
import type { IdempotencyInstrumentationConfig } from './instrumentation-config.js';

export interface IdempotencyInstrumentationOptions extends Omit<IdempotencyInstrumentationConfig, 'enabled'> {
  /** Makes the spans. Default: the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Makes the metrics. Default: the global one at the time of the call. */
  readonly meterProvider?: MeterProvider;
}

/**
 * Makes spans and metrics of the calls of this process, until the returned function is called. It needs no `@opentelemetry/instrumentation`.
 *
 * @throws {ConfigurationError} for a wrong option.
 */
export function registerIdempotencyInstrumentation({
  tracerProvider,
  meterProvider,
  ...config
}: IdempotencyInstrumentationOptions = {}): () => void {
  const instrumentation = new IdempotencyInstrumentation({ ...config, enabled: false });
  if (tracerProvider) instrumentation.setTracerProvider(tracerProvider);
  if (meterProvider) instrumentation.setMeterProvider(meterProvider);
  instrumentation.enable();
  return () => instrumentation.disable();
}
