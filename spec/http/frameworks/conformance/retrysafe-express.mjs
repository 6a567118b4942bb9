// `idempotency` of retrysafe/express on routes of Express 5.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';
import { addPayments } from './shared/express-payments.mjs';
import { listening } from './shared/listening.mjs';
import { makePayments } from './shared/payments.mjs';

// Express 5 is what this package has among its own tools.
const require = createRequire(new URL('../../../../package.json', import.meta.url));

export const name = 'retrysafe/express, Express 5';

export async function start() {
  const express = require('express');
  const payments = makePayments();
  const guard = idempotency({
    store: new InMemoryStore(),
    scope: (request) => payments.authenticate(request.get('authorization')),
    problemTypes: 'https://api.example.com/problems/',
  });
  const app = express();
  addPayments({ app, express, payments, guard });
  return listening(createServer(app));
}
