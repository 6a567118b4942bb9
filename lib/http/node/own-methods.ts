import type { ServerResponse } from 'node:http';
import type { GivenHeaders } from './apply-head.js';
import type { Chunk, Written } from './chunks.js';

/** What stands in for the methods of a response while its handler makes it. */
export interface ResponseOwner {
  write(chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written): boolean;
  end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): ServerResponse;
  writeHead(status: number, reason?: string | GivenHeaders, headers?: GivenHeaders): ServerResponse;
  flushHeaders(): void;
  destroy(error?: Error): ServerResponse;
}

// A symbol that copies of this library share: a guard of one copy may be inside of a guard of another.
const owner = Symbol.for('retrysafe.http.response-owner');

/** Node's types have `destroy` return what it was called on. */
type Destroyable = Omit<ServerResponse, 'destroy'> & { destroy: FoundMethods['destroy'] };

type Owned = ServerResponse & { [owner]?: ResponseOwner };

/** The methods of a response as they were found, those of middleware that stands before the guard among them. */
export interface FoundMethods {
  readonly write: (this: ServerResponse, chunk: Chunk, encoding?: BufferEncoding, done?: Written) => boolean;
  readonly end: (this: ServerResponse, ...args: unknown[]) => ServerResponse;
  readonly writeHead: (this: ServerResponse, status: number, ...more: unknown[]) => ServerResponse;
  readonly flushHeaders: (this: ServerResponse) => void;
  readonly destroy: (this: ServerResponse, error?: Error) => ServerResponse;
}

// One function for all responses: a closure for each would cost more than it saves.
const own = {
  write(this: Owned, chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written) {
    return (this[owner] as ResponseOwner).write(chunk, encoding, callback);
  },
  end(this: Owned, chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void) {
    return (this[owner] as ResponseOwner).end(chunk, encoding, callback);
  },
  writeHead(this: Owned, status: number, reason?: string | GivenHeaders, headers?: GivenHeaders) {
    return (this[owner] as ResponseOwner).writeHead(status, reason, headers);
  },
  flushHeaders(this: Owned) {
    (this[owner] as ResponseOwner).flushHeaders();
  },
  destroy(this: Owned, error?: Error) {
    return (this[owner] as ResponseOwner).destroy(error);
  },
};

/** Whether a guard has taken this response: another one on the same request has nothing to do. */
export function isOwned(res: ServerResponse): boolean {
  return owner in res;
}

/** Puts an owner's methods on a response, and returns those that were there. */
export function takeOver(res: ServerResponse, by: ResponseOwner): FoundMethods {
  const { write, end, writeHead, flushHeaders, destroy } = res;
  // One after another: `Object.assign` takes five times as long.
  res.write = own.write;
  res.end = own.end;
  res.writeHead = own.writeHead;
  res.flushHeaders = own.flushHeaders;
  (res as Destroyable).destroy = own.destroy;
  (res as Owned)[owner] = by;
  return { write, end, writeHead, flushHeaders, destroy } as FoundMethods;
}

/**
 * Puts the methods back that were found. Those that middleware inside of the guard has put on the response are gone with that: they have
 * seen everything.
 */
export function handBack(res: ServerResponse, found: FoundMethods): void {
  res.write = found.write as ServerResponse['write'];
  res.end = found.end as ServerResponse['end'];
  res.writeHead = found.writeHead as ServerResponse['writeHead'];
  res.flushHeaders = found.flushHeaders;
  (res as Destroyable).destroy = found.destroy;
}

/** Puts `writeHead` back, through which Node.js sends the head. */
export function handBackHead(res: ServerResponse, { writeHead }: FoundMethods): void {
  res.writeHead = writeHead as ServerResponse['writeHead'];
}
