import { type ReplyExchange, TIME_IS_UP } from './reply-exchange.js';
import { unseenResponse } from './unseen-response.js';

/**
 * Keeps a handler's request and reply to the guard.
 *
 * @param signal Aborts when the claim is lost.
 */
export function setTraps(exchange: ReplyExchange, signal: AbortSignal, hasTimeLimit: boolean): void {
  const { reply, title } = exchange;
  const { raw, request, then } = reply;
  const { writeHead } = raw;
  Object.assign(reply, {
    /** After it nothing that is sent would pass the guard, and Fastify would answer no error. */
    hijack() {
      throw unseenResponse(title);
    },
    /** A reply that is awaited, or returned by an async handler, is there when it is sent, and not when the client hangs up before. */
    // biome-ignore lint/suspicious/noThenProperty: a reply has it
    then(...listeners: Parameters<typeof then>) {
      exchange.afterwards(() => then.apply(reply, listeners));
    },
  });
  raw.writeHead = ((...args: unknown[]) => {
    exchange.writes();
    return Reflect.apply(writeHead, raw, args);
  }) as typeof writeHead;
  // Earlier versions of Fastify have none. Theirs aborts when the client hangs up, but the work goes on: its outcome is for the retry.
  if (!('signal' in request)) return;
  const value = hasTimeLimit ? AbortSignal.any([signal, timeLimitOf(request)]) : signal;
  Object.defineProperty(request, 'signal', { configurable: true, value });
}

/** Returns a signal that aborts when the handler's time is up. */
function timeLimitOf({ signal }: ReplyExchange['reply']['request']): AbortSignal {
  const limit = new AbortController();
  const look = () => {
    if (signal.reason?.code === TIME_IS_UP) limit.abort(signal.reason);
  };
  signal.addEventListener('abort', look, { once: true });
  look();
  return limit.signal;
}
