import type { ConformanceLevel } from './conformance-level.js';

/** Header fields by their names. A list is sent as several lines of that name. */
export type HttpHeaderFields = Readonly<Record<string, string | readonly string[]>>;

/**
 * A body: bytes and text are sent as they are, and any other value as its JSON.
 */
export type HttpRequestBody = unknown;

/** What the kit sends to a server, and what the server is expected to do with it. URLs may be relative to the tested one. */
export interface HttpConformanceOptions {
  /** The method of the operation. Default: `'POST'`. */
  readonly method?: string;
  /** Header fields of each request. Default: `Content-Type: application/json`, or `application/octet-stream` for bytes. */
  readonly headers?: HttpHeaderFields;
  /**
   * Header fields that say who asks, such as `Authorization`. They are sent like `headers`, and left out to see that a replay
   * needs them. Default: none, and that is not checked.
   */
  readonly authentication?: HttpHeaderFields;
  /** Header fields of somebody else, in place of `authentication`. Default: none, and the scope of a key is not checked. */
  readonly otherIdentity?: HttpHeaderFields;
  /** The body of a request that the operation carries out. Default: `{ "amount": 100, "currency": "EUR" }`. */
  readonly body?: HttpRequestBody;
  /** Another body that the operation carries out. Default: `body` with one of its values changed. */
  readonly otherBody?: HttpRequestBody;
  /** A large body that the operation carries out. Default: `body` with one member more, of `largeBodyBytes`. */
  readonly largeBody?: HttpRequestBody;
  /** How many bytes the large body has that the kit makes. With `0`, it makes none. Default: 65536. */
  readonly largeBodyBytes?: number;
  /** A body that the operation answers with an error that is final, such as 402. Default: none, and that is not checked. */
  readonly errorBody?: HttpRequestBody;
  /**
   * A body with which the operation takes long enough that a copy of the request meets it: 200 ms is plenty. Default: `body`;
   * then what depends on a running request is checked as far as a burst of 8 copies meets one.
   */
  readonly slowBody?: HttpRequestBody;
  /** Where the operation takes long enough, if not at the tested URL. Default: the tested URL. */
  readonly slowUrl?: string | URL;
  /** Another operation that takes `body`. Default: none, and that each operation has its own keys is not checked. */
  readonly otherUrl?: string | URL;
  /** The method of the other operation. Default: `method`. It may be another operation of the tested URL. */
  readonly otherMethod?: string;
  /** An operation that takes bytes of `application/octet-stream`, and may answer with bytes. Default: none, not checked. */
  readonly binaryUrl?: string | URL;
  /**
   * Where a GET tells how often the operations had their effect: a number, or JSON with a number as `effects` or `count`. Nothing
   * else may have effects there while the kit runs. Default: none, and effects are not counted.
   */
  readonly effects?: string | URL;
  /** The name of the header field that has the key. Default: `'Idempotency-Key'`. */
  readonly keyHeader?: string;
  /** The name of the header field that is `true` on a replay. Default: `'Idempotency-Replayed'`. */
  readonly marker?: string;
  /** The length of the longest key, in characters. One more is too long. Default: 255. */
  readonly maxKeyLength?: number;
  /** Whether the operation demands a key. Default: `true`. With `false`, a key that is missing or malformed is not checked. */
  readonly required?: boolean;
  /**
   * Names of header fields that may differ between an answer and its replay, besides those that always may, such as `Date`,
   * `Set-Cookie`, request ids and rate limits. Default: none.
   */
  readonly ignoredHeaders?: readonly string[];
  /** Seconds for which an answer is awaited, and for which a running request is asked for again. Default: 10. */
  readonly timeout?: number;
  /** Certificates of authorities to trust, as PEM, for a server with a certificate of its own. Default: those of Node.js. */
  readonly ca?: string | Uint8Array;
  /** The ids of the checks to run. Default: all of them. */
  readonly only?: readonly string[];
  /** The ids of checks to leave out. Default: none. */
  readonly except?: readonly string[];
}

/** What a test suite needs besides. */
export interface HttpConformanceSuiteOptions extends HttpConformanceOptions {
  /** Default: the global one, as in mocha, Jest, and Vitest with `globals`. */
  readonly describe?: (title: string, body: () => void) => void;
  /** Default: the global one. */
  readonly it?: (title: string, body: () => Promise<void>) => void;
  /** The levels of the checks that fail their test. A failure of another level is shown as skipped. Default: `['MUST', 'SHOULD']`. */
  readonly levels?: readonly ConformanceLevel[];
}
