import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/** Writes the context of a span as the header `traceparent` of W3C Trace Context has it, in version 00. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Reads such a header. Returns `undefined` for what is none: a record may have anything. */
export function spanContextOf(traceparent: unknown): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = ''] =
    (typeof traceparent === 'string' && form.exec(traceparent)) || [];
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return version !== undefined && version !== 'ff' && isSpanContextValid(context) ? context : undefined;
}
