import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Whether this version of Node.js calls the callback of a response's `end` before the event `finish`, without any guard. */
export async function callsBackFirst(): Promise<boolean> {
  const events: string[] = [];
  const server = createServer((_req, res) => {
    res.on('finish', () => events.push('finish'));
    res.end('made', () => events.push('callback'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
  await once(response.resume(), 'end');
  server.close();
  await once(server, 'close');
  return events[0] === 'callback';
}
