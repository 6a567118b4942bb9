import type { ServerResponse } from 'node:http';
import type { GivenHeaders } from './apply-head.js';
import type { Chunk, Written } from './chunks.js';
import { Connection } from './connection.js';
import { native } from './native-response.js';

/** What stands in for the methods of a response while its handler makes it. */
export interface ResponseOwner {
  write(chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written): boolean;
  end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): ServerResponse;
  writeHead(status: number, reason?: string | GivenHeaders, headers?: GivenHeaders): ServerResponse;
  flushHeaders(): void;
  destroy(error?: Error): ServerResponse;
}

/** The methods of a response as they were found, those of middleware that stands before the guard among them. */
export interface FoundMethods {
  write(this: ServerResponse, chunk: Chunk, encoding?: BufferEncoding, done?: Written): boolean;
  end(this: ServerResponse, ...args: unknown[]): ServerResponse;
  writeHead(this: ServerResponse, status: number, ...more: unknown[]): ServerResponse;
  flushHeaders(this: ServerResponse): void;
  destroy(this: ServerResponse, error?: Error): ServerResponse;
}

type Name = keyof FoundMethods;
type Method = (this: ServerResponse, ...args: unknown[]) => unknown;
type Methods = Record<Name, Method>;

const names: readonly Name[] = ['write', 'end', 'writeHead', 'flushHeaders', 'destroy'];

/** On a method that asks for the owner of its response: where the method is that stands for it otherwise. */
const base = Symbol.for('retrysafe.http.base-method');

// Symbols that copies of this library share: a guard of one copy may be inside of a guard of another.
const ownerProperty = Symbol.for('retrysafe.http.response-owner');

type Owned = ServerResponse & { [ownerProperty]?: ResponseOwner | undefined };

function ownerOf(res: ServerResponse): ResponseOwner | undefined {
  return (res as Owned)[ownerProperty] ?? (Connection.ownerOf(res) as ResponseOwner | undefined);
}

/** Whether a guard holds this response: another one on the same request has nothing to do. */
export function isOwned(res: ServerResponse): boolean {
  return ownerOf(res) !== undefined;
}

/** Puts methods on a response that ask its owner, and returns those that were there. */
export function takeOver(res: ServerResponse, by: ResponseOwner): FoundMethods {
  if (putOnPrototype(res)) Connection.of(res.req).owners.set(res, by);
  else (res as Owned)[ownerProperty] = by;
  const found: Partial<Methods> = {};
  for (const name of names) {
    const method = (res as unknown as Methods)[name];
    const behind = (method as { [base]?: Methods })[base];
    found[name] = behind ? behind[name] : method;
    if (!behind) (res as unknown as Methods)[name] = onResponses()[name];
  }
  return found as unknown as FoundMethods;
}

/**
 * Puts the methods back that were found. Those that middleware inside of the guard has put on the response are gone with that: they have
 * seen everything.
 */
export function handBack(res: ServerResponse, found: FoundMethods, only: readonly Name[] = names): void {
  for (const name of only)
    if (Object.hasOwn(res, name)) (res as unknown as Methods)[name] = found[name] as unknown as Method;
  if (only === names) release(res);
}

/** Forgets the owner of a response: its methods do what they do without a guard. */
function release(res: ServerResponse): void {
  if (ownerProperty in res) (res as Owned)[ownerProperty] = undefined;
  else Connection.forget(res);
}

let made: Methods | undefined;

/** One function for all responses. */
function onResponses(): Methods {
  made ??= asking(native() as unknown as Methods);
  return made;
}

function asking(behind: Methods): Methods {
  return Object.fromEntries(
    names.map((name) => {
      // No method takes more. Node.js and middleware read what is missing as `undefined`.
      const method: Method = function (one, two, three) {
        const owner = ownerOf(this) as unknown as Record<Name, (...args: unknown[]) => unknown> | undefined;
        return owner ? owner[name](one, two, three) : behind[name].call(this, one, two, three);
      };
      return [name, Object.assign(method, { [base]: behind })];
    }),
  ) as unknown as Methods;
}

/**
 * Express changes the prototype of each response, and to put a property on one costs thousands of nanoseconds after that. So the methods go
 * to the object that all responses of Express inherit from, once. Other responses have the prototype of a class. Returns whether they did.
 */
function putOnPrototype(res: ServerResponse): boolean {
  let prototype = Object.getPrototypeOf(res);
  if (Object.hasOwn(prototype, 'constructor')) return false;
  for (let above = prototype; !Object.hasOwn(above, 'constructor'); above = Object.getPrototypeOf(above))
    prototype = above;
  if (base in prototype.write) return true;
  const behind = Object.create(Object.getPrototypeOf(prototype));
  for (const name of names) {
    if (Object.hasOwn(prototype, name)) behind[name] = prototype[name];
  }
  for (const [name, value] of Object.entries(asking(behind)))
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false });
  return true;
}
