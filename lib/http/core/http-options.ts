import type { Duration } from '../../options/duration.js';
import type { IdempotentOptions } from '../../options/options.js';
import type { RecordedResponse } from './recorded-response.js';

/** Whom a key belongs to: one value for each caller, such as the authenticated user's id. */
export type Scope = string | number | bigint | null | undefined;

/** What `isOutcome` is told of a response. */
export interface ResponseFacts {
  readonly status: number;
  /** The value of a header that the handler set, by its name in any case; several values are joined by a comma and a space. */
  header(name: string): string | undefined;
}

/** What a request asks for, besides its key. */
export interface RequestParts {
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  /** Without its parameters and in small letters; empty where there is none. */
  readonly contentType: string;
  /** The value of JSON, the fields and file digests of a form, or the digest of any other body. */
  readonly body: unknown;
}

type EngineOptions<This> = Pick<
  IdempotentOptions<This>,
  | 'store'
  | 'lease'
  | 'renewFor'
  | 'wait'
  | 'maxAttempts'
  | 'unresolvedTtl'
  | 'onStoreFailure'
  | 'codec'
  | 'enabled'
>;

/** What a handler gets: the framework's request, and what a framework passes besides. */
// biome-ignore lint/suspicious/noExplicitAny: each framework passes something else
type HandlerArguments<Request> = [request: Request, ...rest: any[]];

/** The options of each adapter. `Request` is the framework's own request, `This` the instance whose method handles it. */
// biome-ignore lint/suspicious/noExplicitAny: a handler that is no method has no instance
export interface HttpOptions<Request, This = any> extends EngineOptions<This> {
  /**
   * Whom a key belongs to. It is asked for each guarded request, after authentication. Where it yields nothing the request is refused.
   * `'public'`: all callers share keys, and so answers.
   */
  readonly scope: 'public' | ((this: This, request: Request) => Scope | Promise<Scope>);
  /** A name that belongs to every key of this guard, 1 to 80 characters. Default: `'http'`. */
  readonly name?: string;
  /** The header that has the key. Default: `'Idempotency-Key'`. */
  readonly header?: string;
  /** Whether a request without a key is refused. Default: `true` on a route, `false` for a whole application. */
  readonly required?: boolean;
  /** How long an outcome is stored; a function gets the response that is recorded. Default: 86,400 (a day). */
  readonly ttl?: Duration | ((response: { readonly status: number }, request: Request) => Duration);
  /** How long a duplicate waits for the running request. Default: 0, which refuses it at once. */
  readonly wait?: Duration;
  /** How long a claim is renewed. A response that has not ended by then loses its key. Default: 300. */
  readonly renewFor?: Duration;
  /**
   * What to do after an earlier request that recorded no outcome. A function gets the framework's request second. Default: `'run'`.
   */
  readonly onAbandoned?: IdempotentOptions<This, HandlerArguments<Request>, RecordedResponse>['onAbandoned'];
  /**
   * Returns what is recorded of a response, and so what each replay sends. The client of the run gets the whole response. It gets the
   * framework's request second. Default: the response.
   */
  readonly redact?: IdempotentOptions<This, HandlerArguments<Request>, RecordedResponse>['redact'];
  /**
   * Whether a response is the outcome of its key. Default: every status below 500 but 408, 409, 425 and 429. Any other response is sent,
   * and not recorded.
   */
  readonly isOutcome?: (this: This, response: ResponseFacts) => boolean;
  /**
   * What becomes of the key after a response that is no outcome, or after an error: `'release'` lets a retry run, `'unknown'` lets
   * `onAbandoned` decide. A function gets the response; an error that the handler threw is a 500 without headers to it. Default:
   * `'release'`.
   */
  readonly onFailure?:
    | 'release'
    | 'unknown'
    | ((this: This, response: ResponseFacts) => 'release' | 'unknown');
  /** What must be the same in all requests with one key. Default: all parts. */
  readonly fingerprint?: (this: This, parts: RequestParts, request: Request) => unknown;
  /** How many characters a key may have. Default: 255. */
  readonly maxKey?: number;
  /** How many bytes of a request's body are read for the fingerprint. A larger one is refused with 413. Default: 1,048,576. */
  readonly maxRequest?: number;
  /** How many bytes of a response's body are recorded. Of a larger one nothing is, and a duplicate gets 410. Default: 262,144. */
  readonly maxBody?: number;
  /** How many guarded requests of one scope may be under way in this process. One more is refused with 429. Default: 1,000. */
  readonly maxInFlight?: number;
  /** The status for a request whose scope yields nothing. Default: 401. */
  readonly unscopedStatus?: 400 | 401 | 403;
  /** What stands before a problem's name in its `type`, such as `'https://api.example.com/problems/'`. Default: `'urn:retrysafe:problem:'`. */
  readonly problemTypes?: string;
  /**
   * Who answers a refused request: the guard, with `application/problem+json`, or the framework's error handling, which gets the
   * error. Default: `'guard'`.
   */
  readonly errors?: 'guard' | 'framework';
}
