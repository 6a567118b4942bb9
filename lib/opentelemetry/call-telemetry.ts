import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { steadyNow } from '../process/steady-clock.js';
import { digestOf } from '../record/key-parts.js';
import { type CallTrace, callChannel } from '../traces.js';
import { attributeNames } from './attribute-names.js';
import { errorTypeOf } from './error-type.js';
import { follow } from './follow.js';
import type { Settings } from './instrumentation-config.js';
import type { Instruments } from './instruments.js';
import type { Sinks } from './sinks.js';
import { spanContextOf, traceparentOf } from './traceparent.js';

interface OpenCall {
  readonly span: Span;
  readonly startedAt: number;
}

/** Makes a span of each call, and counts it. Returns a function that stops, and ends the spans of calls that are under way. */
export function observeCalls(sinks: () => Sinks): () => void {
  return follow<CallTrace, OpenCall>(callChannel, {
    begin: (message) => begin(message, sinks()),
    finish: (call, message, hasFailed) => finish(call, message, hasFailed, sinks()),
    leave: ({ span }) => span.end(),
  });
}

/** Begins the span of a call, which runs in the span's context from here on. */
function begin(message: CallTrace, { tracer, settings }: Sinks): OpenCall {
  const outer = message.within;
  // Where another subscriber has set it, that one's span is the parent.
  const parent = outer ? outer(() => context.active()) : context.active();
  const { operation, key } = message;
  const attributes: Attributes = { [attributeNames.operation]: operation };
  if (settings.key !== 'omit') attributes[attributeNames.key] = settings.key === 'full' ? key : digestOf(key);
  const span = tracer.startSpan(operation, { attributes }, parent);
  const spanContext = span.spanContext();
  // Without an SDK there is no span to run in.
  if (isSpanContextValid(spanContext)) {
    message.traceparent ??= traceparentOf(spanContext);
    runWithin(message, trace.setSpan(parent, span), outer);
  }
  return { span, startedAt: steadyNow() };
}

function runWithin(message: CallTrace, inner: Context, outer: CallTrace['within']): void {
  const within: CallTrace['within'] = outer
    ? (run) => outer(() => context.with(inner, run))
    : (run) => context.with(inner, run);
  message.within = within;
}

function finish(
  { span, startedAt }: OpenCall,
  message: CallTrace,
  hasFailed: boolean,
  { instruments, settings }: Sinks,
): void {
  const seconds = (steadyNow() - startedAt) / 1_000;
  const outcome = message.outcome ?? 'failed';
  const errorType = hasFailed ? errorTypeOf(message.error, message.code) : undefined;
  if (span.isRecording()) {
    span.setAttributes(attributesOf(message, outcome, errorType));
    addLinks(span, message.links);
    // What a replay throws is what the run threw that it links to. That run has failed, and this call has not.
    if (hasFailed && outcome !== 'replayed') fail(span, message.error, settings);
  }
  span.end();
  count(message, outcome, errorType, seconds, instruments);
}

function attributesOf(message: CallTrace, outcome: string, errorType: string | undefined): Attributes {
  const { attempt, code, waited, ran } = message;
  const attributes: Attributes = { [attributeNames.outcome]: outcome };
  if (attempt !== undefined) attributes[attributeNames.attempt] = attempt;
  if (code !== undefined) attributes[attributeNames.code] = code;
  if (waited) attributes[attributeNames.waited] = waited;
  if (ran !== undefined) attributes[attributeNames.ran] = ran;
  if (errorType !== undefined) attributes[attributeNames.errorType] = errorType;
  return attributes;
}

function addLinks(span: Span, links: CallTrace['links'] = []): void {
  for (const { how, attempt, traceparent } of links) {
    const linked = spanContextOf(traceparent);
    if (!linked) continue;
    span.addLink({
      context: linked,
      attributes: { [attributeNames.link]: how, [attributeNames.attempt]: attempt },
    });
  }
}

function fail(span: Span, error: unknown, { recordExceptions }: Settings): void {
  if (!recordExceptions) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    return;
  }
  const message = error instanceof Error ? error.message : textOf(error);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function count(
  { operation, waited, ran }: CallTrace,
  outcome: string,
  errorType: string | undefined,
  seconds: number,
  { calls, callDuration, waitDuration, runDuration }: Instruments,
): void {
  const attributes = { [attributeNames.operation]: operation, [attributeNames.outcome]: outcome };
  calls.add(
    1,
    errorType === undefined ? attributes : { ...attributes, [attributeNames.errorType]: errorType },
  );
  callDuration.record(seconds, attributes);
  if (waited) waitDuration.record(waited, attributes);
  if (ran !== undefined) runDuration.record(ran, attributes);
}

/** What was thrown may be no error, and may have no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}
