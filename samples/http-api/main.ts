import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createApi } from './api.js';
import { createNetwork } from './network.js';

// The compiled program is in .build/samples/http-api/, and the page beside its source.
const page = fileURLToPath(new URL('../../../samples/http-api/page/index.html', import.meta.url));

const portOf = (server: Server) => (server.address() as AddressInfo).port;

const api = createApi(page).listen(0, '127.0.0.1', () => {
  const network = createNetwork({ port: portOf(api) });
  network.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`Open http://127.0.0.1:${portOf(network)}/ and send a payment whose answer is lost.`);
  });
});
