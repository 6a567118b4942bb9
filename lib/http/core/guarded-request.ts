import type { HeaderLine, RecordedResponse } from './recorded-response.js';
import type { RequestBody } from './request-body.js';

/** What an adapter tells the guard of a request. */
export interface GuardedRequest {
  readonly method: string;
  /** The pattern that the framework matched, such as `/payments/:id`. Without one, the path is what keys belong to. */
  readonly route?: string | undefined;
  /** The path as it was asked for. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Returns the lines of a header. A framework that has joined them returns one line. */
  header(name: string): readonly string[];
  /** Reads the body, as far as it has no more than `limitBytes`. */
  body(limitBytes: number): RequestBody | Promise<RequestBody>;
}

/** What a handler made. */
export interface MadeResponse {
  readonly status: number;
  /** Those that the handler set. */
  readonly headers: readonly HeaderLine[];
  /** The response to record. */
  readonly recorded?: RecordedResponse;
  /** Why there is none. */
  readonly unrecorded?: string;
  /**
   * Whether the handler has run. Where something before it answered, such as a validation, nothing is recorded, and the key is free
   * for any request. Default: `true`.
   */
  readonly hasRun?: boolean;
}
