import type { TraceChannel } from '../traces.js';
import { quietly } from './quietly.js';

/** What is done with the messages of a tracing channel. */
export interface Following<Message, State> {
  /** At the start of what a message is about. Returns what is to be known at its end. */
  begin(message: Message): State;
  /** At its end. `hasFailed`: whether it rejected or threw. */
  finish(state: State, message: Message, hasFailed: boolean): void;
  /** Whether what returned no promise is over by then. Default: never. */
  isOver?(message: Message): boolean;
  /** For what has not ended when the following stops. */
  leave(state: State): void;
}

/** Follows what a tracing channel tells, each message from its start to its end. Returns a function that stops. */
export function follow<Message extends object, State>(
  channel: TraceChannel<Message>,
  { begin, finish, isOver, leave }: Following<Message, State>,
): () => void {
  const open = new Map<Message, { readonly state: State; hasFailed: boolean }>();
  const close = (message: Message) => {
    const found = open.get(message);
    if (!found) return;
    open.delete(message);
    finish(found.state, message, found.hasFailed);
  };
  const subscribers = {
    start: quietly((message: Message) => {
      open.set(message, { state: begin(message), hasFailed: false });
    }),
    // What has thrown returned no promise, either.
    end: quietly((message: Message) => {
      if (isOver?.(message) || open.get(message)?.hasFailed) close(message);
    }),
    error: quietly((message: Message) => {
      const found = open.get(message);
      if (found) found.hasFailed = true;
    }),
    asyncEnd: quietly(close),
  };
  const names = Object.keys(subscribers) as (keyof typeof subscribers)[];
  for (const name of names) channel[name].subscribe(subscribers[name]);
  return () => {
    for (const name of names) channel[name].unsubscribe(subscribers[name]);
    for (const { state } of open.values()) leave(state);
    open.clear();
  };
}
