// biome-ignore-all lint/suspicious/noExplicitAny: `unknown` and `never` are not related to every method here, `any` is
import type { IdempotentDecorator, IsLoose, SealedArgs, ThisOf } from '../../decorator/decorator-types.js';
import type { HttpOptions, Scope } from '../core/http-options.js';

/** What a claim of a JWT authorizer may be. One that is a boolean or a list names no caller, and is refused. */
export type CallerClaim = Scope | boolean | readonly string[];

/** Options of `IdempotentEndpoint` and `idempotentEndpoint`: `Event` is what the handler gets, `This` its instance. */
export interface EndpointOptions<Event = any, This = any> extends Omit<HttpOptions<Event, This>, 'scope'> {
  /**
   * Whom a key belongs to, such as the subject that an authorizer of API Gateway found. It is asked for each guarded request. Where it
   * yields nothing the request is refused. `'public'`: all callers share keys, and so answers.
   */
  readonly scope: 'public' | ((this: This, event: Event) => CallerClaim | Promise<CallerClaim>);
}

/** The options a decorator takes: those of the method it decorates; of any method while that is not known. */
export type EndpointOptionsFor<T, C, A extends readonly any[]> =
  IsLoose<T, C> extends true ? EndpointOptions : EndpointOptions<SealedArgs<A>[0], ThisOf<T, C>>;

/** What `IdempotentEndpoint()` returns: a decorator for methods in both kinds of decorators. */
export type EndpointDecorator<T, C, D, A extends readonly any[], R> = IdempotentDecorator<
  T,
  C,
  D,
  A,
  R,
  '@IdempotentEndpoint()'
>;
