import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { HttpGuard, type HttpOptions } from 'retrysafe/http';
import { guardNodeResponse, nodeRequest } from 'retrysafe/http/node';
import { HeldStore } from './controlled-application.js';
import { HttpClient } from './http-client.js';

/** A handler of a server without a framework. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => unknown;

/** A server whose requests go through one guard, and what a spec controls of it. */
export interface GuardedServer {
  readonly server: Server;
  readonly port: number;
  readonly store: HeldStore;
  readonly client: HttpClient;
  /** How often the handler ran. */
  readonly runs: number;
  /** The errors that the framework was to answer. */
  readonly errors: readonly unknown[];
  /** What the next requests are handled by. */
  handle(handler: NodeHandler): void;
  /** Opens a connection, and writes to it. */
  raw(text?: string): Promise<RawConnection>;
  close(): Promise<void>;
}

/** Starts a server of Node's own whose requests are guarded. Its errors are answered with 500 and the text `failed`. */
export async function guardedServer(
  options: Partial<HttpOptions<IncomingMessage>> = {},
  before: (req: IncomingMessage, res: ServerResponse) => void = () => {},
): Promise<GuardedServer> {
  const store = new HeldStore();
  const guard = new HttpGuard<IncomingMessage>(
    { store, scope: 'public', ...options },
    { where: 'spec', isRequired: true },
  );
  const errors: unknown[] = [];
  let runs = 0;
  let handler: NodeHandler = (_req, res) => res.end('made');
  const server = createServer((req, res) => {
    before(req, res);
    const request = nodeRequest(req);
    if (!guard.concerns(request)) return void res.end('unguarded');
    const handle = () => {
      runs += 1;
      return handler(req, res);
    };
    const fail = (error: unknown) => {
      errors.push(error);
      if (res.headersSent) return;
      res.statusCode = 500;
      res.end('failed');
    };
    guardNodeResponse({ guard, request, args: [req], req, res, handle, fail });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new HttpClient(port);
  return {
    server,
    port,
    store,
    client,
    errors,
    get runs() {
      return runs;
    },
    handle(next) {
      handler = next;
      runs = 0;
      errors.length = 0;
    },
    raw: (text) => rawConnection(port, text),
    async close() {
      client.close();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A connection whose bytes a spec writes and sees. */
export interface RawConnection {
  readonly socket: Socket;
  /** What has come so far. */
  received(): string;
  /** Resolves once this has come. */
  until(text: string | RegExp): Promise<void>;
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>;
}

/** Opens a connection, and writes to it. */
export async function rawConnection(port: number, text = ''): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  let received = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk: string) => {
    received += chunk;
    for (const look of waiting) look();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  await once(socket, 'connect');
  socket.write(text);
  return {
    socket,
    received: () => received,
    until: (wanted) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (typeof wanted === 'string' ? !received.includes(wanted) : !wanted.test(received)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        closed.then(() => reject(new Error(`closed before ${wanted}: ${received}`)));
      }),
    closed,
  };
}

/** A request as it is sent. */
export function rawRequest(key: string, { path = '/payments', body = '', more = '' } = {}): string {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ${key}\r\n${length}${more}\r\n${body}`;
}
