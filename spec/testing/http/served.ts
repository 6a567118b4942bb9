import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a server got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The lines of the header in the order in which they came. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Runs `use` with the URL of a server that answers by `answer`, and stops the server. */
export async function withServer<T>(
  answer: (request: Received, response: ServerResponse) => unknown,
  use: (url: string, received: readonly Received[]) => Promise<T>,
): Promise<T> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void read(request).then((one) => {
      received.push(one);
      return answer(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/payments`, received);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

async function read(request: IncomingMessage): Promise<Received> {
  const { method = '', url: path = '', headers, rawHeaders } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const lines = names.map((name, index) => [name, rawHeaders[2 * index + 1] ?? ''] as const);
  return { method, path, headers, lines, body: Buffer.concat(chunks) };
}
