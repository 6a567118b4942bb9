/** What `@hono/node-server` keeps of a response that nothing has read: its status, what its body was made of, and its headers. */
type Kept = readonly [status: unknown, body: unknown, headers: unknown];

let key: symbol | undefined;

/**
 * Returns the body of a response as it was made, where `@hono/node-server` has put its own class in the place of `Response`: it makes a stream
 * of it when one is asked for, and sends what it keeps where none was. To read that stream takes longer than all else that a guard does.
 * Returns `undefined` for any other response, and for a body that is none of these.
 */
export function keptBody(response: Response): Uint8Array | string | null | undefined {
  const kept = keptBy(response);
  if (!Array.isArray(kept) || kept.length !== 3 || kept[0] !== response.status) return undefined;
  const body: unknown = kept[1];
  return body === null || typeof body === 'string' || body instanceof Uint8Array ? body : undefined;
}

function keptBy(response: Response): Kept | undefined {
  const own = response as unknown as Record<symbol, Kept | undefined>;
  // A process may have loaded it twice, as ES module and as CommonJS. A native response has symbols of other names.
  if (key === undefined || !Object.hasOwn(own, key))
    key = Object.getOwnPropertySymbols(own).find(({ description }) => description === 'cache');
  return key && own[key];
}
