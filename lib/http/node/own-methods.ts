import type { ServerResponse } from 'node:http';
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

type Method = (this: ServerResponse, ...args: unknown[]) => unknown;
type Methods = Record<HeldMethod, Method>;

const names: readonly HeldMethod[] = ['write', 'end', 'writeHead', 'flushHeaders', 'destroy'];

/** On a method that asks for the owner of its response: where the method is that stands for it otherwise. */
const base = Symbol.for('retrysafe.http.base-method');

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
  const isOnPrototype = putOnPrototype(res);
  let own: Set<HeldMethod> | undefined;
  const found: Partial<Methods> = {};
  for (const name of names) {
    const method = (res as unknown as Methods)[name];
    const behind = (method as { [base]?: Methods })[base];
    found[name] = behind ? behind[name] : method;
    if (behind) continue;
    own ??= new Set();
    own.add(name);
    (res as unknown as Methods)[name] = onResponses()[name];
  }
  if (isOnPrototype) Connection.of(res.req).ownerships.set(res, { owner, own });
  else (res as Owned)[ownerProperty] = owner;
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

function asking(
  ask: (res: ServerResponse, name: HeldMethod) => ResponseOwner | undefined,
  behind: Methods,
): Methods {
  return Object.fromEntries(
    names.map((name) => {
      // No method takes more. Node.js and middleware read what is missing as `undefined`.
      const method: Method = function (one, two, three) {
        const owner = ask(this, name) as unknown as
          | Record<HeldMethod, (...args: unknown[]) => unknown>
          | undefined;
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
  for (const name of names) if (Object.hasOwn(prototype, name)) behind[name] = prototype[name];
  const ask = (one: ServerResponse, name: HeldMethod) => {
    const ownership = Connection.ownershipOf(one);
    return ownership?.own?.has(name) ? undefined : ownership?.owner;
  };
  for (const [name, value] of Object.entries(asking(ask, behind)))
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true, enumerable: false });
  return true;
}
