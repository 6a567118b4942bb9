import { type IdempotencyEventName, type IdempotencyEvents, onIdempotencyEvent } from 'retrysafe';

type Telling = { readonly [N in IdempotencyEventName]: (event: IdempotencyEvents[N]) => string };

/** What each of the library's events says, in words. */
const telling: Telling = {
  claimed: ({ attempt }) => `the key is free: attempt ${attempt} begins`,
  replayed: ({ source }) =>
    source === 'joined' ? 'a copy of the outcome of the call it waited for' : 'the outcome on record',
  waited: ({ duration }) =>
    `for the call that holds the key${duration < 0.5 ? '' : `, ${duration.toFixed(1)} s`}`,
  refused: ({ code }) => code,
  'taken-over': ({ attempt, from }) =>
    from === 'released'
      ? `the key was released: attempt ${attempt} begins`
      : `the key was ${from}: what became of attempt ${attempt}?`,
  renewed: () => 'the lease of a running call',
  'claim-lost': () => 'another call may run',
  completed: () => 'the result is on record',
  released: () => 'the failure is no outcome: the key is free again',
  remembered: () => 'the failure is an outcome: it is on record',
  unknown: () => 'nobody knows whether the work was done',
  resolved: ({ as, by, reason }) => `${by ?? 'an operator'} decided: ${as}${reason ? ` (${reason})` : ''}`,
  'outcome-not-stored': ({ reason }) => reason,
  'store-failed': ({ step }) => `at ${step}`,
  'option-failed': ({ option, reason }) => `${option}: ${reason}`,
};

/** Hears of an event, in words, and of the idempotency key that it is about. */
type Listener = (name: IdempotencyEventName, words: string, key: string) => void;

/** Tells `listener` about every event of the library in this process. */
export function onEveryEvent(listener: Listener): void {
  for (const name of Object.keys(telling) as IdempotencyEventName[]) tell(name, listener);
}

function tell<N extends IdempotencyEventName>(name: N, listener: Listener): void {
  onIdempotencyEvent(name, (event) => listener(name, telling[name](event), event.key));
}
