import { channel } from 'node:diagnostics_channel';
import { quotedName } from './options/wrong-option.js';
import type { ResolvedAs } from './record/record.js';

/** What every event has. No event has a payload. */
export interface IdempotencyEvent {
  readonly operation: string;
  readonly key: string;
  /** The number of the attempt at this key; 1 is the first. */
  readonly attempt: number;
  /** Seconds since this call began. */
  readonly duration: number;
}

/** The events by name. Each is published on the `node:diagnostics_channel` named `retrysafe:<name>`. */
export interface IdempotencyEvents {
  /** A call made the first claim on its key and is about to run the method. */
  readonly claimed: IdempotencyEvent;
  /** A call returned a stored outcome. `source`: where it came from. */
  readonly replayed: IdempotencyEvent & { readonly source: 'store' | 'joined' | 'kept' };
  /** A duplicate stopped waiting for a running call, with or without an outcome. */
  readonly waited: IdempotencyEvent;
  /** A call was refused before the method ran. `code` is the error's. */
  readonly refused: IdempotencyEvent & { readonly code: string };
  /** A call took over a released, abandoned or unknown key. */
  readonly 'taken-over': IdempotencyEvent & { readonly from: 'released' | 'abandoned' | 'unknown' };
  /** A running call renewed its lease. */
  readonly renewed: IdempotencyEvent & { readonly leaseUntil: number };
  /** A running call lost its claim: its lease lapsed, or another call holds the key. */
  readonly 'claim-lost': IdempotencyEvent;
  /** A result was recorded. */
  readonly completed: IdempotencyEvent;
  /** The method failed, and the error is not an outcome: the key is free again. */
  readonly released: IdempotencyEvent;
  /** The method failed, and the error was recorded as the outcome. */
  readonly remembered: IdempotencyEvent;
  /** The outcome was recorded as unknown: the work may or may not be done. */
  readonly unknown: IdempotencyEvent;
  /** An operator resolved the key. `by` and `reason` are what the operator said. */
  readonly resolved: IdempotencyEvent & {
    readonly as: ResolvedAs;
    readonly by?: string;
    readonly reason?: string;
  };
  /** The key is completed, but the outcome could not be stored. */
  readonly 'outcome-not-stored': IdempotencyEvent & { readonly reason: string };
  /** A store call failed or timed out. `failedOpen`: whether the method then ran without a claim. */
  readonly 'store-failed': IdempotencyEvent & {
    readonly step: 'claim' | 'replace' | 'find';
    readonly error: unknown;
    readonly failedOpen: boolean;
  };
  /** The function of an option threw, or returned no usable value. `error` is what it threw. */
  readonly 'option-failed': IdempotencyEvent & {
    readonly option: 'ttl' | 'onError' | 'describeError';
    /** Contains no value of a user. */
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
  'resolved',
  'outcome-not-stored',
  'store-failed',
  'option-failed',
] as const satisfies readonly IdempotencyEventName[];

const channels = new Map(names.map((name) => [name, channel(`retrysafe:${name}`)]));

/** Whether anybody listens to the events of that name. */
export function isHeard(name: IdempotencyEventName): boolean {
  return channels.get(name)?.hasSubscribers === true;
}

/** Publishes an event. */
export function publish<N extends IdempotencyEventName>(name: N, event: IdempotencyEvents[N]): void {
  channels.get(name)?.publish(event);
}

/**
 * Calls `listener` with each event of that name in this process. Returns a function that unsubscribes it.
 * This is the typed form of `subscribe('retrysafe:<name>', …)` of `node:diagnostics_channel`.
 *
 * @throws {TypeError} for a name that no event has.
 */
export function onIdempotencyEvent<N extends IdempotencyEventName>(
  name: N,
  listener: (event: IdempotencyEvents[N]) => void,
): () => void {
  const target = channels.get(name);
  if (!target)
    throw new TypeError(`There is no event named ${quotedName(name)}; the events are ${names.join(', ')}`);
  const subscriber = (message: unknown) => listener(message as IdempotencyEvents[N]);
  target.subscribe(subscriber);
  return () => {
    target.unsubscribe(subscriber);
  };
}
