import {
  type CallTrace,
  callChannel,
  type StoreTrace,
  storeChannel,
  type TraceChannel,
} from '../../traces.js';

/** Makes a call under the tracing channel. `begin` gets the message, whose `traceparent` a subscriber may have set. */
export function traceCall(trace: CallTrace, begin: (trace: CallTrace) => Promise<unknown>): Promise<unknown> {
  return under(callChannel, trace, () => {
    const { within } = trace;
    return within ? within(() => begin(trace)) : begin(trace);
  }) as Promise<unknown>;
}

/** Sends a request to a store under the tracing channel. */
export function traceStore<T>(trace: StoreTrace, send: () => T | PromiseLike<T>): T | PromiseLike<T> {
  return under(storeChannel, trace, () => {
    const answer = send();
    if (!isPromise(answer)) trace.answered = true;
    return answer;
  });
}

/**
 * Does what `tracePromise` and `traceSync` do, except that the message does not get what comes of it: no message has a value of a user's
 * results.
 */
function under<Message extends { error?: unknown }, T>(
  channel: TraceChannel<Message>,
  message: Message,
  work: () => T | PromiseLike<T>,
): T | PromiseLike<T> {
  const { start, end, asyncStart, asyncEnd, error: failed } = channel;
  const settled = () => {
    asyncStart.publish(message);
    asyncEnd.publish(message);
  };
  return start.runStores(message, () => {
    try {
      const answer = work();
      if (!isPromise(answer)) return answer;
      return answer.then(
        (value) => {
          settled();
          return value;
        },
        (fault: unknown) => {
          message.error = fault;
          failed.publish(message);
          settled();
          throw fault;
        },
      );
    } catch (fault) {
      message.error = fault;
      failed.publish(message);
      throw fault;
    } finally {
      end.publish(message);
    }
  });
}

function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}
