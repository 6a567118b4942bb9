import { once } from 'node:events';
import { paths } from './payments.mjs';

/** Lets an HTTP server listen on a free port, and returns what the table needs of it. */
export async function listening(server, options) {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    url: `${origin}${paths.payments}`,
    effectsUrl: `${origin}${paths.effects}`,
    ...(options ? { options } : {}),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
