import type { Tracer } from '@opentelemetry/api';
import type { Settings } from './instrumentation-config.js';
import type { Instruments } from './instruments.js';

/** Where calls are told at the moment, and how. */
export interface Sinks {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly settings: Settings;
}
