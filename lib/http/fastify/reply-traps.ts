import type { ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { type Execution, executions } from '../../engine/execution/execution.js';
import { type FoundMethods, handBack, takeOver } from '../node/own-methods.js';
import type { ResponseOwner } from '../node/response-owner.js';
import type { ReplyExchange } from './reply-exchange.js';
import { TIME_IS_UP } from './reply-stage.js';

/** Keeps a handler's request and reply to the guard, as long as they live. */
export function setTraps(exchange: ReplyExchange, execution: Execution, hasTimeLimit: boolean): void {
  const { reply } = exchange;
  const { request, then } = reply;
  const trap = new RawTrap(exchange, execution);
  Object.assign(reply, {
    hijack: () => trap.hijack(),
    /** A reply that is awaited, or returned by an async handler, is there when it is sent, and not when the client hangs up before. */
    // biome-ignore lint/suspicious/noThenProperty: a reply has it
    then: (onSent: () => void, onError: (error: Error) => void) => {
      exchange.whenSent(onSent, () => then.call(reply, onSent, onError));
    },
  });
  // Earlier versions of Fastify have none.
  if (!('signal' in request)) return;
  Object.assign(request, { [traps]: { execution, hasTimeLimit } satisfies Signalling });
  Object.defineProperty(request, 'signal', signal);
}

const traps = Symbol('retrysafe.signal');

interface Signalling {
  readonly execution: Execution;
  readonly hasTimeLimit: boolean;
}

type Signalled = FastifyRequest & { readonly [traps]: Signalling };

/**
 * Fastify's own signal aborts when the client hangs up, but the work goes on: its outcome is for the retry. One descriptor for all requests:
 * each other one would change the shape of its request.
 */
const signal: PropertyDescriptor = {
  configurable: true,
  get(this: Signalled) {
    const { execution, hasTimeLimit } = this[traps];
    const { signal: lost } = execution.view;
    const value = hasTimeLimit ? AbortSignal.any([lost, timeLimitOf(this)]) : lost;
    Object.defineProperty(this, 'signal', { configurable: true, value });
    return value;
  },
};

/** Stands in the way of the first that is written to a reply's `ServerResponse`: by Fastify, or by a handler. */
class RawTrap implements ResponseOwner {
  readonly #raw: ServerResponse;
  readonly #found: FoundMethods;
  readonly #hijack: ReplyExchange['reply']['hijack'];

  constructor(
    readonly exchange: ReplyExchange,
    readonly execution: Execution,
  ) {
    const { reply } = exchange;
    const { hijack } = reply;
    this.#raw = reply.raw;
    this.#hijack = hijack;
    this.#found = takeOver(reply.raw, this);
  }

  write(...parts: Parameters<ResponseOwner['write']>): boolean {
    return Reflect.apply(this.#open().write, this.#raw, parts);
  }

  end(...parts: Parameters<ResponseOwner['end']>): ServerResponse {
    return Reflect.apply(this.#open().end, this.#raw, parts);
  }

  writeHead(...parts: Parameters<ResponseOwner['writeHead']>): ServerResponse {
    return Reflect.apply(this.#open().writeHead, this.#raw, parts);
  }

  flushHeaders(): void {
    this.#open().flushHeaders();
  }

  destroy(error?: Error): ServerResponse {
    handBack(this.#raw, this.#found);
    if (this.exchange.stage === 'running')
      this.exchange.giveUp(error ?? new Error('its handler destroyed the response'));
    return this.#raw.destroy(error);
  }

  hijack(): ReplyExchange['reply'] {
    if (this.exchange.stage === 'running') this.#open();
    else this.#hijack.call(this.exchange.reply);
    return this.exchange.reply;
  }

  /** Hands the response back. Where it was not Fastify, the handler writes all of it. */
  #open(): ServerResponse {
    handBack(this.#raw, this.#found);
    // A callback of a handler may have lost its run.
    const isRaw = executions.run(this.execution, () => this.exchange.writes());
    // Fastify has no time limit then, and ignores what is sent by the reply.
    if (isRaw) this.#hijack.call(this.exchange.reply);
    return this.#raw;
  }
}

/** Returns a signal that aborts when the handler's time is up. */
function timeLimitOf(request: FastifyRequest): AbortSignal {
  const own: AbortSignal = Reflect.get(Object.getPrototypeOf(request), 'signal', request);
  const limit = new AbortController();
  const look = () => {
    if (own.reason?.code === TIME_IS_UP) limit.abort(own.reason);
  };
  own.addEventListener('abort', look, { once: true });
  look();
  return limit.signal;
}
