import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { HttpClient } from '../suite/http-client.js';

/** A fetch-style handler behind a real socket, and a client of it. */
export interface Serving {
  readonly client: HttpClient;
  /** Serves another handler from now on. */
  handler: (request: Request, ...rest: never[]) => Response | Promise<Response>;
}

/** Whose `Request` and `Response` a process has: those of Node.js, or those that `@hono/node-server` puts in their place. */
export const classes = ['Node.js', '@hono/node-server'] as const;

/** Serves one handler after another for the tests of this `describe`, each set by `serving().handler = …`. */
export function serving(whose: (typeof classes)[number] = '@hono/node-server'): () => Serving {
  let now: Serving;
  let server: Server;
  const found = { Request: globalThis.Request, Response: globalThis.Response };
  before(async () => {
    const isNative = whose === 'Node.js';
    Object.assign(found, { Request: globalThis.Request, Response: globalThis.Response });
    if (isNative) Object.assign(globalThis, native());
    await new Promise<void>((resolve) => {
      const fetch = (request: Request, ...rest: unknown[]) =>
        now.handler(isNative ? nativeCopy(request) : request, ...(rest as never[]));
      const options = { fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: !isNative };
      server = serve(options, ({ port }: AddressInfo) => {
        now = { client: new HttpClient(port), handler: () => new Response(null, { status: 404 }) };
        resolve();
      }) as Server;
    });
  });
  after(async () => {
    now.client.close();
    await new Promise((closed) => {
      server.close(closed);
      server.closeAllConnections();
    });
    Object.assign(globalThis, found);
  });
  return () => now;
}

/** The classes of Node.js, from which others are derived. */
export function native(): { readonly Request: typeof Request; readonly Response: typeof Response } {
  const root = (derived: object): object => {
    const parent = Object.getPrototypeOf(derived);
    return parent === Function.prototype ? derived : root(parent);
  };
  return {
    Request: root(globalThis.Request) as typeof Request,
    Response: root(globalThis.Response) as typeof Response,
  };
}

function nativeCopy({ url, method, headers, body, signal }: Request): Request {
  const init = { method, headers: [...headers] as [string, string][], body, signal, duplex: 'half' as const };
  return new Request(url, init);
}
