// express-idempotency on Express 4, as its README sets it up: a handler asks whether the middleware has answered. It keeps all
// answers below 500, and its own check of the intent is extended by who asks, since a key has no scope.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { addPayments } from './shared/express-payments.mjs';
import { listening } from './shared/listening.mjs';
import { makePayments } from './shared/payments.mjs';

const require = createRequire(import.meta.url);

export const name = 'express-idempotency 1.0.6, Express 4';

export async function start() {
  const express = require('express-4');
  const { getSharedIdempotencyService, idempotency } = require('express-idempotency');
  const { DefaultIntentValidator } = require('express-idempotency/dist/defaults/defaultIntentValidator');
  const sameIntent = new DefaultIntentValidator();
  const guard = idempotency({
    responseValidator: { isValidForPersistence: ({ statusCode }) => statusCode < 500 },
    intentValidator: {
      isValidIntent: (request, first) =>
        request.get('authorization') === first.headers.authorization &&
        sameIntent.isValidIntent(request, first),
    },
  });
  const app = express();
  // Express prints each error otherwise.
  app.set('env', 'test');
  const unlessDone = (handler) => (request, response, next) =>
    getSharedIdempotencyService().isHit(request) ? undefined : handler(request, response, next);
  addPayments({ app, express, payments: makePayments(), guard, unlessDone });
  return listening(createServer(app));
}

const noSyntax =
  'It takes any text as a key, and a request without one as one that needs none. No option says otherwise.';
const asItIs = 'It takes the field as it is written, with its quotes.';
const status417 = 'A reused key is answered 417 (Expectation Failed).';
const contentTypeOnly = 'Of the header fields, it keeps `Content-Type` alone.';

export const because = {
  'key-missing': noSyntax,
  'key-empty': noSyntax,
  'key-malformed': noSyntax,
  'key-several-lines': noSyntax,
  'key-empty-string': noSyntax,
  'key-too-long': noSyntax,
  'key-bare': asItIs,
  'replay-headers': contentTypeOnly,
  'lost-body': contentTypeOnly,
  'marker-on-replay': 'It marks no replay.',
  'reuse-completed': status417,
  'reuse-running': status417,
  'large-body-reuse': status417,
  'binary-reuse': status417,
  'retry-after': 'Its 409 has no `Retry-After`.',
  'problem-details': 'Its errors go to the error handler of Express, which makes a page of HTML.',
};
