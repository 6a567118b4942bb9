import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { CallHandler } from '@nestjs/common';
import { Observable, of, type Subscriber } from 'rxjs';
import { type Execution, executions } from '../../engine/execution/execution.js';
import type { GuardedAnswer } from '../core/guard.js';

/** Where a run, and a response, have the pipeline that is inside of them. */
const pipeline = Symbol('pipeline');

type WithPipeline = { [pipeline]?: RoutePipeline };

/** Tells the pipeline of the run that this code belongs to, if any, that its handler begins. */
export function noteHandler(): void {
  let at = executions.getStore() as (Execution & WithPipeline) | undefined;
  while (at && !at[pipeline]) at = at.parent;
  if (at?.[pipeline]) at[pipeline].hasBegun = true;
}

/** Returns the pipeline that a response waits for, where an interceptor before the guard tries again. */
export function pipelineOf(res: ServerResponse): RoutePipeline | undefined {
  return (res as WithPipeline)[pipeline];
}

/**
 * What Nest calls after the guard: further interceptors, pipes and the handler. Nest gets what they make, or less where the request has its
 * answer already.
 */
export class RoutePipeline {
  hasBegun = false;
  /** What the interceptor returns. */
  readonly result: Promise<Observable<unknown>>;
  #resolve!: (result: Observable<unknown>) => void;
  #reject!: (error: unknown) => void;
  #break!: (error: unknown) => void;
  #run: AsyncResource | undefined;
  #hasFailed = false;
  #broken: { readonly error: unknown } | undefined;
  #subscriber: Subscriber<unknown> | undefined;

  constructor(
    readonly res: ServerResponse,
    readonly next: CallHandler,
    /** Is told an error before Nest hears of it. */
    readonly seen: (error: unknown) => void,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether what is sent is the handler's, and not that of a pipe or interceptor that failed before it. */
  get hasRun(): boolean {
    return this.hasBegun || !this.#hasFailed;
  }

  /** Lets Nest go on, inside of the guard's run. Rejects where the handler fails after the head of its response. */
  begin(): Promise<never> {
    for (const one of [executions.getStore(), this.res]) (one as WithPipeline)[pipeline] = this;
    // Nest subscribes in its own context.
    this.#run = new AsyncResource('RoutePipeline');
    this.#resolve(this.attempt(this.next));
    return new Promise((_, reject) => {
      this.#break = reject;
    });
  }

  /** Returns what Nest makes of the route, inside of the run. */
  attempt(next: CallHandler): Observable<unknown> {
    this.#hasFailed = false;
    const run = this.#run as AsyncResource;
    const source = run.runInAsyncScope(() => next.handle());
    return new Observable((subscriber) => {
      this.#subscriber = subscriber;
      return run.runInAsyncScope(() =>
        source.subscribe({
          next: (value) => {
            this.#watch(value);
            subscriber.next(value);
          },
          error: (error) => this.#fail(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
  }

  /** Hands an error to Nest, for exception filters to answer. */
  fail(error: unknown): void {
    this.#broken = undefined;
    if (!this.#run) this.#reject(error);
    else if (this.#subscriber && !this.#subscriber.closed) this.#subscriber.error(error);
    // Nest has what the handler returned, and hears of nothing more.
    else this.res.destroy(error as Error);
  }

  /** Lets Nest go on after the request was answered. */
  answered(from: GuardedAnswer['from'], refusal: unknown): void {
    // The connection of a stream is destroyed. Interceptors and filters hear of the error.
    if (this.#broken) this.fail(this.#broken.error);
    if (this.#run) return;
    if (from === 'record') this.#resolve(of(undefined));
    else if (from === 'guard') this.#reject(refusal);
  }

  #fail(error: unknown): void {
    const { res } = this;
    this.#hasFailed = true;
    this.seen(error);
    if (!res.headersSent || res.writableEnded) return this.#subscriber?.error(error);
    // A filter that ended this response would make it look whole.
    this.#broken = { error };
    this.#break(error);
  }

  /** A file whose stream fails breaks the response: Nest 10 ends it. And Nest reads it after the route, outside of the run. */
  #watch(value: unknown): void {
    const file = value as { getStream?(): Readable; getHeaders?: unknown } | null | undefined;
    if (typeof file?.getStream !== 'function' || typeof file.getHeaders !== 'function') return;
    const stream = file.getStream();
    const { _read: read } = stream;
    const readInRun = (size: number) => this.#run?.runInAsyncScope(read, stream, size);
    if (typeof read === 'function') stream._read = readInRun;
    stream.prependOnceListener('error', (error: Error) => {
      if (this.res.headersSent && !this.res.writableEnded) this.res.destroy(error);
    });
  }
}
