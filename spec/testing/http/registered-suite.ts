import { httpConformance } from 'retrysafe/testing';
import { PaymentServer } from './payment-server.js';

// Registers the kit's tests with the runner that has loaded this file: node:test where `RUNNER` says so, otherwise mocha by its
// globals.
const runner = process.env.RUNNER === 'node:test' ? await import('node:test') : globalThis;
const { describe, it, before, after } = runner as unknown as {
  readonly describe: (title: string, body: () => void) => void;
  readonly it: (title: string, body: () => Promise<void>) => void;
  readonly before: (body: () => Promise<void>) => void;
  readonly after: (body: () => Promise<void>) => void;
};

describe('a payment server', () => {
  let server: PaymentServer;
  before(async () => {
    server = await PaymentServer.start('marks every answer');
  });
  after(() => server.stop());

  httpConformance(() => server.url, {
    ...(process.env.RUNNER ? { describe, it } : {}),
    authentication: { Authorization: 'Bearer one' },
    only: ['key-missing', 'scope', 'retry-after', 'marker-on-first'],
    ...(process.env.LEVELS ? { levels: ['MUST', 'SHOULD', 'custom'] } : {}),
  });
});
