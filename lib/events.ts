import { channel } from 'node:diagnostics_channel';
import { quotedName } from './options/wrong-option.js';

/** What every event tells. No event carries a payload. */
export interface IdempotencyEvent {
  readonly operation: string;
  readonly key: string;
  /** Which attempt at this key the event belongs to; 1 is the first. */
  readonly attempt: number;
  /** Seconds since this call began. */
  readonly duration: number;
}

/** The events by name; each is published on the `node:diagnostics_channel` named `retrysafe:<name>`. */
export interface IdempotencyEvents {
  /** A call made the first claim on its key and is about to run the method. */
  readonly claimed: IdempotencyEvent;
  /** A call answered with a stored outcome; `source` is where it came from. */
  readonly replayed: IdempotencyEvent & { readonly source: 'store' | 'joined' | 'kept' };
  /** A duplicate stopped waiting for a running call, with an outcome or without one. */
  readonly waited: IdempotencyEvent;
  /** A call was refused before the method ran; `code` is that of the error. */
  readonly refused: IdempotencyEvent & { readonly code: string };
  /** A call took over a released, abandoned or unknown key. */
  readonly 'taken-over': IdempotencyEvent & { readonly from: 'released' | 'abandoned' | 'unknown' };
  /** A running call renewed its lease. */
  readonly renewed: IdempotencyEvent & { readonly leaseUntil: number };
  /** A running call lost its claim: its lease lapsed, or another holder was seen. */
  readonly 'claim-lost': IdempotencyEvent;
  /** A result was recorded. */
  readonly completed: IdempotencyEvent;
  /** A failure was not an outcome: the key is free again. */
  readonly released: IdempotencyEvent;
  /** A failure was recorded as the outcome. */
  readonly remembered: IdempotencyEvent;
  /** The key became `unknown`: nobody can tell whether the work was done. */
  readonly unknown: IdempotencyEvent;
  /** The key is completed, but its outcome could not be stored. */
  readonly 'outcome-not-stored': IdempotencyEvent & { readonly reason: string };
  /** A store call failed or gave no answer in time; `failedOpen` where the method ran without a claim. */
  readonly 'store-failed': IdempotencyEvent & {
    readonly step: 'claim' | 'replace' | 'find';
    readonly error: unknown;
    readonly failedOpen: boolean;
  };
  /** The function of an option threw, or answered with nothing to go by; `error` is what it threw, where it did. */
  readonly 'option-failed': IdempotencyEvent & {
    readonly option: 'ttl' | 'onError';
    /** In the library's own words. */
    readonly reason: string;
    readonly error?: unknown;
  };
}

export type IdempotencyEventName = keyof IdempotencyEvents;

const names = [
  'claimed',
  'replayed',
  'waited',
  'refused',
  'taken-over',
  'renewed',
  'claim-lost',
  'completed',
  'released',
  'remembered',
  'unknown',
  'outcome-not-stored',
  'store-failed',
  'option-failed',
] as const satisfies readonly IdempotencyEventName[];

const channels = new Map(names.map((name) => [name, channel(`retrysafe:${name}`)]));

/** Publishes an event; `build` runs only when somebody listens. */
export function publish<N extends IdempotencyEventName>(name: N, build: () => IdempotencyEvents[N]): void {
  const target = channels.get(name);
  if (target?.hasSubscribers) target.publish(build());
}

/**
 * Calls `listener` at each event of that name, in this process, until the returned function is called.
 * The typed form of `subscribe('retrysafe:<name>', …)` of `node:diagnostics_channel`.
 */
export function onIdempotencyEvent<N extends IdempotencyEventName>(
  name: N,
  listener: (event: IdempotencyEvents[N]) => void,
): () => void {
  const target = channels.get(name);
  if (!target)
    throw new TypeError(`No event is named ${quotedName(name)}; the events are ${names.join(', ')}`);
  const subscriber = (message: unknown) => listener(message as IdempotencyEvents[N]);
  target.subscribe(subscriber);
  return () => {
    target.unsubscribe(subscriber);
  };
}
