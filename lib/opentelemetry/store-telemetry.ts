import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { steadyNow } from '../process/steady-clock.js';
import { type StoreTrace, storeChannel } from '../traces.js';
import { attributeNames } from './attribute-names.js';
import { errorTypeOf } from './error-type.js';
import { follow } from './follow.js';
import type { Sinks } from './sinks.js';

interface OpenRequest {
  readonly span: Span | undefined;
  readonly startedAt: number;
}

/** Times each request to a store, with a span where the settings say so. Returns a function that stops. */
export function observeStoreRequests(sinks: () => Sinks): () => void {
  return follow<StoreTrace, OpenRequest>(storeChannel, {
    begin: (message) => ({ span: spanOf(message, sinks()), startedAt: steadyNow() }),
    finish: (request, message, hasFailed) => finish(request, message, hasFailed, sinks()),
    isOver: ({ answered }) => answered === true,
    leave: ({ span }) => span?.end(),
  });
}

function spanOf(message: StoreTrace, { tracer, settings }: Sinks): Span | undefined {
  if (!settings.storeSpans) return undefined;
  return tracer.startSpan(`retrysafe.store ${message.step}`, { attributes: attributesOf(message) });
}

function attributesOf({ operation, step }: StoreTrace): Attributes {
  return { [attributeNames.operation]: operation, [attributeNames.step]: step };
}

function finish(
  { span, startedAt }: OpenRequest,
  message: StoreTrace,
  hasFailed: boolean,
  { instruments }: Sinks,
): void {
  const attributes = attributesOf(message);
  if (hasFailed) {
    const errorType = errorTypeOf(message.error);
    attributes[attributeNames.errorType] = errorType;
    span?.setAttribute(attributeNames.errorType, errorType);
    span?.setStatus({ code: SpanStatusCode.ERROR });
  }
  span?.end();
  instruments.storeDuration.record((steadyNow() - startedAt) / 1_000, attributes);
}
