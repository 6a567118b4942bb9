import type { ServerResponse } from 'node:http';
import type { GivenHeaders } from './apply-head.js';
import type { Chunk, Written } from './chunks.js';
import { Connection } from './connection.js';
import { native } from './native-response.js';
import type { HeldMethod, ResponseOwner } from './response-owner.js';

/** The methods of a response as they were found, those of middleware that stands before the guard among them. */
export interface FoundMethods {
  write(this: ServerResponse, chunk: Chunk, encoding?: BufferEncoding, done?: Written): boolean;
  end(this: ServerResponse, ...args: unknown[]): ServerResponse;
  writeHead(this: ServerResponse, status: number, ...more: unknown[]): ServerResponse;
  flushHeaders(this: ServerResponse): void;
  destroy(this: ServerResponse, error?: Error): ServerResponse;
}

/** On a method that asks for the owner of its response: where the method is that stands for it otherwise. */
const base = Symbol.for('retrysafe.http.base-method');

type Method = ((this: ServerResponse, ...args: unknown[]) => unknown) & { readonly [base]?: Methods };
type Methods = Record<HeldMethod, Method>;

const names: readonly HeldMethod[] = ['write', 'end', 'writeHead', 'flushHeaders', 'destroy'];

/** Where a response has its owner: a symbol that copies of this library share, since a guard of one may be inside of a guard of another. */
const ownerProperty = Symbol.for('retrysafe.http.response-owner');

type Owned = ServerResponse & { [ownerProperty]?: ResponseOwner | undefined };

function ownerOf(res: ServerResponse): ResponseOwner | undefined {
  return (res as Owned)[ownerProperty] ?? Connection.ownershipOf(res)?.owner;
}

/** Whether a guard holds this response: another one on the same request has nothing to do. */
export function isOwned(res: ServerResponse): boolean {
  return ownerOf(res) !== undefined;
}

/** Puts methods on a response that ask its owner, and returns those that were there. */
export function takeOver(res: ServerResponse, owner: ResponseOwner): FoundMethods {
  const prototype = prototypeThatAsks(res);
  const methods = res as unknown as Methods;
  const own = names.filter((name) => !(base in methods[name]));
  if (prototype) Connection.of(res.req).ownerships.set(res, { owner, own });
  else (res as Owned)[ownerProperty] = owner;
  if (prototype && own.length === 0) return prototype.write[base] as unknown as FoundMethods;
  const found: Partial<Methods> = {};
  for (const name of names) found[name] = methods[name][base]?.[name] ?? methods[name];
  for (const name of own) methods[name] = onResponses()[name];
  return found as unknown as FoundMethods;
}

/**
 * Puts the methods back that were found. Those that middleware inside of the guard has put on the response are gone with that: they have
 * seen everything.
 */
export function handBack(
  res: ServerResponse,
  found: FoundMethods,
  only: readonly HeldMethod[] = names,
): void {
  for (const name of only)
    if (Object.hasOwn(res, name)) (res as unknown as Methods)[name] = found[name] as unknown as Method;
  if (only !== names) return;
  if (ownerProperty in res) (res as Owned)[ownerProperty] = undefined;
  else Connection.forget(res);
}

let made: Methods | undefined;

/** One function for all responses. */
function onResponses(): Methods {
  made ??= asking(ownerOf, native() as unknown as Methods);
  return made;
}

/** An encoding, or the callback where there is none. */
type Encoding<Callback> = BufferEncoding | Callback;

type Ask = (res: ServerResponse, name: HeldMethod) => ResponseOwner | undefined;

/** Returns methods that ask for the owner of their response, and without one do what those behind them do. */
function asking(ask: Ask, behind: Methods): Methods {
  // Each is written out: one function for all names would be slower at each call.
  const methods = {
    write(this: ServerResponse, chunk: unknown, encoding?: Encoding<Written>, callback?: Written) {
      const owner = ask(this, 'write');
      return owner
        ? owner.write(chunk, encoding, callback)
        : behind.write.call(this, chunk, encoding, callback);
    },
    end(this: ServerResponse, chunk?: unknown, encoding?: Encoding<() => void>, callback?: () => void) {
      const owner = ask(this, 'end');
      return owner ? owner.end(chunk, encoding, callback) : behind.end.call(this, chunk, encoding, callback);
    },
    writeHead(this: ServerResponse, status: number, reason?: string | GivenHeaders, headers?: GivenHeaders) {
      const owner = ask(this, 'writeHead');
      return owner
        ? owner.writeHead(status, reason, headers)
        : behind.writeHead.call(this, status, reason, headers);
    },
    flushHeaders(this: ServerResponse) {
      const owner = ask(this, 'flushHeaders');
      return owner ? owner.flushHeaders() : behind.flushHeaders.call(this);
    },
    destroy(this: ServerResponse, error?: Error) {
      const owner = ask(this, 'destroy');
      return owner ? owner.destroy(error) : behind.destroy.call(this, error);
    },
  };
  for (const method of Object.values(methods)) Object.assign(method, { [base]: behind });
  return methods as unknown as Methods;
}

/**
 * Express changes the prototype of each response, and to put a property on one costs thousands of nanoseconds after that. So the methods go
 * to the object that all responses of Express inherit from, once. Other responses have the prototype of a class. Returns that object, if there
 * is one.
 */
function prototypeThatAsks(res: ServerResponse): Methods | undefined {
  let prototype = Object.getPrototypeOf(res);
  if (Object.hasOwn(prototype, 'constructor')) return undefined;
  for (let above = prototype; !Object.hasOwn(above, 'constructor'); above = Object.getPrototypeOf(above))
    prototype = above;
  if (base in prototype.write) return prototype;
  const behind = Object.create(Object.getPrototypeOf(prototype));
  for (const name of names) if (Object.hasOwn(prototype, name)) behind[name] = prototype[name];
  const ask: Ask = (one, name) => {
    const ownership = Connection.ownershipOf(one);
    return ownership?.own.includes(name) ? undefined : ownership?.owner;
  };
  for (const [name, value] of Object.entries(asking(ask, behind)))
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false });
  return prototype;
}
