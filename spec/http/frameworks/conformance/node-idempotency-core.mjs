// @node-idempotency/core around a route of Express 4, by hand, as its README shows: `onRequest` before the handler and `onResponse`
// after it. Scope, status, header fields, marker and problem details are written here, with what its two functions hand out.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { addPayments } from './shared/express-payments.mjs';
import { listening } from './shared/listening.mjs';
import { makePayments } from './shared/payments.mjs';

const require = createRequire(import.meta.url);
const requireOfNest = createRequire(new URL('../../nest-10/package.json', import.meta.url));

export const name = '@node-idempotency/core 1.0.11 by hand, Express 4';

export async function start() {
  const express = require('express-4');
  const {
    Idempotency,
    IdempotencyError,
    IdempotencyErrorCodes: codes,
  } = requireOfNest('@node-idempotency/core');
  const { MemoryStorageAdapter } = requireOfNest('@node-idempotency/storage-adapter-memory');
  const idempotency = new Idempotency(new MemoryStorageAdapter(), { enforceIdempotency: true });
  const payments = makePayments();

  async function guard(request, response, next) {
    const call = {
      method: request.method,
      headers: request.headers,
      body: request.body,
      path: request.originalUrl,
      options: { cacheKeyPrefix: payments.authenticate(request.get('authorization')) },
    };
    try {
      const kept = await idempotency.onRequest(call);
      if (kept) return sendAgain(response, kept);
    } catch (error) {
      return error instanceof IdempotencyError ? sendProblem(response, error) : next(error);
    }
    const send = response.send.bind(response);
    // It is called with an object, and by itself with the text of it.
    response.send = (body) => {
      response.send = send;
      if (typeof body === 'object' && !Buffer.isBuffer(body)) return response.json(body);
      const { statusCode: status } = response;
      const additional = { status, location: response.get('location'), type: response.get('content-type') };
      void idempotency.onResponse(call, { body, additional }).then(() => send(body), next);
      return response;
    };
    next();
  }

  function sendAgain(response, { body, additional: { status, location, type } }) {
    if (location) response.set('location', location);
    response.status(status).set({ 'content-type': type, 'idempotency-replayed': 'true' }).send(body);
  }

  function sendProblem(response, { code, message }) {
    const status =
      { [codes.REQUEST_IN_PROGRESS]: 409, [codes.IDEMPOTENCY_FINGERPRINT_MISSMATCH]: 422 }[code] ?? 400;
    if (status === 409) response.set('retry-after', '1');
    const problem = { type: `https://example.com/problems/${code}`, title: message, status };
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }

  const app = express();
  addPayments({ app, express, payments, guard });
  return listening(createServer(app));
}

const noSyntax = 'It takes any text of up to 256 characters as a key.';

export const because = {
  'key-malformed': noSyntax,
  'key-several-lines': noSyntax,
  'key-empty-string': noSyntax,
  'key-bare': 'It takes the field as it is written, with its quotes.',
  'json-spelling':
    'Its fingerprint is that of `JSON.stringify(body)`, which depends on the order of members.',
  'binary-replay': 'It keeps an answer as JSON, in which bytes become a list of numbers.',
};
