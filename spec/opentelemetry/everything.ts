import 'retrysafe/listing';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type CallTrace,
  type IdempotentOptions,
  InMemoryStore,
  makeIdempotent,
  recordOf,
  release,
  unknown,
} from 'retrysafe';
import { registerIdempotencyInstrumentation } from 'retrysafe/opentelemetry';
import { abandon, FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import type { Sdk } from './sdk.js';

interface Hold {
  readonly id: string;
}

/** Makes calls that have every outcome, and tells `sdk` everything that there is to tell. */
export async function tellEverything(sdk: Sdk): Promise<void> {
  const { tracerProvider, meterProvider } = sdk;
  const inner = new InMemoryStore();
  const store = new FailingStore(inner);
  const unregister = registerIdempotencyInstrumentation({
    tracerProvider,
    meterProvider,
    storeSpans: true,
    recordExceptions: true,
    stores: { holds: inner },
  });
  // What lists is loaded when a store is listed first: then a scan ends within a turn.
  await inner.planRecords({});
  await makeCalls(store);
  await publishRareEvents();
  // The first collection begins a scan, whose figures the next one has.
  await sdk.reader.collect();
  await turn();
  await sdk.reader.collect();
  unregister();
}

async function makeCalls(store: FailingStore): Promise<void> {
  const operation = (work: () => unknown, options: IdempotentOptions = {}) =>
    makeIdempotent(async (_hold: Hold) => work(), { name: 'placeHold', key: 'id', store, ...options });
  const placeHold = operation(() => 'held');
  await placeHold({ id: 'completed' });
  await placeHold({ id: 'completed' });
  const failing = (options?: IdempotentOptions) =>
    operation(() => {
      throw new RangeError('out of range');
    }, options);
  await rejection(failing({ remember: [RangeError] })({ id: 'remembered' }));
  await rejection(failing()({ id: 'released' }));
  await placeHold({ id: 'released' });
  await operation(() => release('later'))({ id: 'released by a value' });
  const doubtful = operation(() => unknown('nobody knows'));
  await doubtful({ id: 'unknown' });
  await doubtful({ id: 'resolved' });
  await recordOf(doubtful, { id: 'resolved' }).resolve({ as: 'run-again' });
  await waitAndBeRefused(operation);
  await loseAClaim(operation);
  await abandon(placeHold, { id: 'abandoned' });
  store.fail('claim', { times: 2 });
  await operation(() => 'held', { onStoreFailure: 'run' })({ id: 'unprotected' });
}

type Make = (work: () => unknown, options?: IdempotentOptions) => (hold: Hold) => Promise<unknown>;

async function waitAndBeRefused(operation: Make): Promise<void> {
  const work = defer();
  const slow = operation(() => work.promise);
  const first = slow({ id: 'slow' });
  await rejection(operation(() => 'held', { wait: 0 })({ id: 'slow' }));
  const second = slow({ id: 'slow' });
  work.resolve();
  await Promise.all([first, second]);
}

async function loseAClaim(operation: Make): Promise<void> {
  const work = defer();
  const began = defer();
  const slow = operation(() => {
    began.resolve();
    return work.promise;
  });
  const call = slow({ id: 'lost' });
  await began.promise;
  await recordOf(slow, { id: 'lost' }).forget({ force: true });
  work.resolve();
  await rejection(call);
}

/** What takes large outcomes, wrong options or seconds to happen. */
async function publishRareEvents(): Promise<void> {
  const calls = tracingChannel<unknown, CallTrace>('retrysafe:call');
  const trace = { operation: 'placeHold', key: 'placeHold#1', attempt: 1, waited: 0, ran: 0.1 };
  await calls.tracePromise(async () => {}, { ...trace, outcome: 'unrecorded' });
  const event = { operation: 'placeHold', key: 'placeHold#1', attempt: 1, duration: 0.1 };
  channel('retrysafe:outcome-not-stored').publish({ ...event, reason: 'it is too large' });
  channel('retrysafe:option-failed').publish({ ...event, option: 'ttl', reason: 'it is no duration' });
}
