import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { HttpClient } from '../suite/http-client.js';

/** A fetch-style handler behind a real socket, and a client of it. */
export interface Serving {
  readonly client: HttpClient;
  /** Serves another handler from now on. */
  handler: (request: Request, ...rest: never[]) => Response | Promise<Response>;
}

/** Serves one handler after another for the tests of this `describe`, each set by `serving().handler = …`. */
export function serving(): () => Serving {
  let now: Serving;
  let close: () => Promise<void>;
  before(async () => {
    await new Promise<void>((resolve) => {
      const fetch = (request: Request, ...rest: unknown[]) => now.handler(request, ...(rest as never[]));
      const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }: AddressInfo) => {
        now = { client: new HttpClient(port), handler: () => new Response(null, { status: 404 }) };
        close = () =>
          new Promise((closed) => {
            now.client.close();
            server.close(() => closed());
            (server as import('node:http').Server).closeAllConnections();
          });
        resolve();
      });
    });
  });
  after(() => close?.());
  return () => now;
}
