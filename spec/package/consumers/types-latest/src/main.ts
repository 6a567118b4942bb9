import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import type * as main from 'retrysafe';
import type { CallTrace } from 'retrysafe';
import type * as dynamodb from 'retrysafe/dynamodb';
import type * as encryption from 'retrysafe/encryption';
import type * as http from 'retrysafe/http';
import type * as node from 'retrysafe/http/node';
import type * as lambda from 'retrysafe/lambda';
import type * as listing from 'retrysafe/listing';
import type * as opentelemetry from 'retrysafe/opentelemetry';
import type * as operator from 'retrysafe/operator';
import type * as postgres from 'retrysafe/postgres';
import type * as redis from 'retrysafe/redis';
import type * as sqlite from 'retrysafe/sqlite';
import type * as testing from 'retrysafe/testing';
import { exercise } from './exercise.js';

export type All = [
  typeof main,
  typeof dynamodb,
  typeof encryption,
  typeof http,
  typeof node,
  typeof lambda,
  typeof listing,
  typeof opentelemetry,
  typeof operator,
  typeof postgres,
  typeof redis,
  typeof sqlite,
  typeof testing,
];
export { exercise };

// As docs/reference/events.md has it.
const spans = new AsyncLocalStorage<{ readonly id: string }>();
const calls = tracingChannel('retrysafe:call');
calls.start.bindStore(spans, (message) => {
  const trace = message as CallTrace;
  trace.traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  return { id: trace.key };
});
calls.asyncEnd.subscribe((message) => {
  const { operation, outcome, links = [] } = message as CallTrace;
  console.log(operation, outcome, links.length);
});
