import { tracingChannel } from 'node:diagnostics_channel';

/** A run that a call depends on. */
export interface RunLink {
  /**
   * `replayed`: the call got its outcome. `waited-for`: the call waited for it. `took-over`: the call runs after it. `same-key`: the call was
   * refused because of it.
   */
  readonly how: 'replayed' | 'waited-for' | 'took-over' | 'same-key';
  readonly attempt: number;
  /** The W3C `traceparent` of its span, which its record has kept. */
  readonly traceparent: string;
}

/** What became of a call. `failed`: it threw what is none of the others. */
export type CallOutcome =
  | 'completed'
  | 'remembered'
  | 'released'
  | 'unknown'
  | 'replayed'
  | 'refused'
  /** The method ran, and the store did not take its outcome. */
  | 'unrecorded'
  | 'failed';

/**
 * The message of the tracing channel `retrysafe:call`, the same object for each of its events: `start` before the call asks the store, `end`
 * when its promise is returned, `error` where it rejects, `asyncStart` and `asyncEnd` when it has settled. What stands below `within` is
 * there from `asyncStart` on.
 */
export interface CallTrace {
  readonly operation: string;
  readonly key: string;
  /** To be set by a subscriber of `start`: the W3C `traceparent` of the call's span. The record keeps it. */
  traceparent?: string;
  /**
   * To be set by a subscriber of `start` that cannot bind its `AsyncLocalStorage` to the channel: calls `run` at once, in the context of the
   * call's span, and returns what it returns.
   */
  within?: <T>(run: () => T) => T;
  outcome?: CallOutcome;
  attempt?: number;
  /** The code of the error of this library that the call rejected with. */
  code?: string;
  /** How long it waited for other calls, in seconds. */
  waited?: number;
  /** How long the method ran, in seconds. Absent where it did not. */
  ran?: number;
  links?: readonly RunLink[];
  /** What the call rejected with. */
  error?: unknown;
}

/** The message of the tracing channel `retrysafe:store`, of one request to the store. It has the same events. */
export interface StoreTrace {
  readonly operation: string;
  readonly key: string;
  readonly step: 'claim' | 'replace' | 'find';
  /** Set before `end` where the store answered in the same turn, as the one in memory does: no `asyncEnd` follows. */
  answered?: true;
  error?: unknown;
}

/** What is used here of a `TracingChannel`, whose type parameters have another order from @types/node 26 on. */
export interface TraceChannel<Message extends object> {
  readonly start: EventChannel<Message> & { runStores<T>(message: Message, run: () => T): T };
  readonly end: EventChannel<Message>;
  readonly error: EventChannel<Message>;
  readonly asyncStart: EventChannel<Message>;
  readonly asyncEnd: EventChannel<Message>;
  readonly hasSubscribers: boolean;
}

interface EventChannel<Message extends object> {
  publish(message: Message): void;
  subscribe(subscriber: (message: Message) => void): void;
  unsubscribe(subscriber: (message: Message) => void): unknown;
}

/** Traces calls. Its channels are `tracing:retrysafe:call:start` and so on. */
export const callChannel = tracingChannel('retrysafe:call') as unknown as TraceChannel<CallTrace>;
/** Traces requests to stores. */
export const storeChannel = tracingChannel('retrysafe:store') as unknown as TraceChannel<StoreTrace>;
