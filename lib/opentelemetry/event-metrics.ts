import type { Attributes, Counter } from '@opentelemetry/api';
import { type IdempotencyEventName, type IdempotencyEvents, onIdempotencyEvent } from '../events.js';
import { attributeNames } from './attribute-names.js';
import { errorTypeOf } from './error-type.js';
import type { Instruments } from './instruments.js';
import { quietly } from './quietly.js';

/** Counts what events tell and the traces of calls do not. Returns a function that stops. */
export function countEvents(instruments: () => Instruments): () => void {
  const stops = [
    counting('claimed', () => [instruments().attempts, { [attributeNames.after]: 'nothing' }]),
    counting('taken-over', ({ from }) => [instruments().attempts, { [attributeNames.after]: from }]),
    counting('claim-lost', () => [instruments().claimsLost]),
    counting('outcome-not-stored', () => [instruments().outcomesNotStored]),
    counting('resolved', ({ as }) => [instruments().keysResolved, { [attributeNames.as]: as }]),
    counting('option-failed', ({ option }) => [
      instruments().optionFailures,
      { [attributeNames.option]: option },
    ]),
    // Each try that fails has an event of its own, and the run without a claim has one more.
    counting('store-failed', ({ step, failedOpen, error }) =>
      failedOpen
        ? [instruments().unprotectedRuns]
        : [
            instruments().storeFailures,
            { [attributeNames.step]: step, [attributeNames.errorType]: errorTypeOf(error) },
          ],
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** Counts the events of one name, by their operation and by what `counted` says. */
function counting<N extends IdempotencyEventName>(
  name: N,
  counted: (event: IdempotencyEvents[N]) => readonly [counter: Counter, attributes?: Attributes],
): () => void {
  const listener = quietly<IdempotencyEvents[N]>((event) => {
    const [counter, attributes] = counted(event);
    counter.add(1, { [attributeNames.operation]: event.operation, ...attributes });
  });
  return onIdempotencyEvent(name, listener);
}
