import type { ServerResponse } from 'node:http';
import type { GivenHeaders } from './apply-head.js';
import type { Written } from './chunks.js';

/** What stands in for the methods of a response while its handler makes it. */
export interface ResponseOwner {
  write(chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written): boolean;
  end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): ServerResponse;
  writeHead(status: number, reason?: string | GivenHeaders, headers?: GivenHeaders): ServerResponse;
  flushHeaders(): void;
  destroy(error?: Error): ServerResponse;
}

/** The name of a method that an owner stands in for. */
export type HeldMethod = keyof ResponseOwner;

/** The owner of a response whose prototype has the methods that ask. */
export interface Ownership {
  readonly owner: ResponseOwner;
  /**
   * The methods that are on the response itself, in place of those of middleware that stands before the guard. That middleware calls those of the
   * prototype, and means what Node.js does.
   */
  readonly own: readonly HeldMethod[];
}
