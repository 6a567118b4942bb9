import type { ExecutionContext } from '@nestjs/common';
import { metadataOf } from './metadata.js';
import { isFastifyReply, type PlatformResponse } from './native-call.js';

/**
 * Makes the head of Node's response what stood before the route, so that every answer of a guard has that. Nest has set the headers of
 * `@Header()` already: they are the handler's. Fastify keeps all headers to itself. Returns a function that puts everything back for the handler.
 */
export function headBeforeRoute(response: PlatformResponse, context: ExecutionContext): () => void {
  const own = namesOf(context.getHandler());
  return isFastifyReply(response) ? lent(response, own) : setAside(response, own);
}

function namesOf(handler: object): readonly string[] {
  const headers = (metadataOf('__headers__', handler) ?? []) as readonly { readonly name: string }[];
  return headers.map(({ name }) => name.toLowerCase());
}

function setAside(res: Exclude<PlatformResponse, { raw: unknown }>, names: readonly string[]): () => void {
  const values = new Map(names.map((name) => [name, res.getHeader(name)]));
  for (const name of names) res.removeHeader(name);
  return () => {
    for (const [name, value] of values) if (value !== undefined) res.setHeader(name, value);
  };
}

function lent(reply: Extract<PlatformResponse, { raw: unknown }>, own: readonly string[]): () => void {
  const { raw } = reply;
  const before = new Map<string, number | string | string[] | undefined>();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (own.includes(name) || value === undefined || raw.getHeader(name) === value) continue;
    before.set(name, raw.getHeader(name));
    raw.setHeader(name, value);
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) raw.removeHeader(name);
      else raw.setHeader(name, value);
    }
  };
}
