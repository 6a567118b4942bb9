import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Context } from 'aws-lambda';
import { lambdaGateway } from '../servers/lambda-gateway.js';
import * as onExpress from './express.js';
import * as onFastify from './fastify.js';
import * as onFetch from './fetch.js';
import { guideSuite } from './guide-suite.js';
import * as onHono from './hono.js';
import * as onLambda from './lambda.js';

/** The servers of the pages in docs/guide/http/, which show these files. */
const guides = {
  'express.md': { make: async () => createServer(onExpress.app), payments: onExpress.payments },
  'fastify.md': {
    make: async () => {
      await onFastify.app.ready();
      return onFastify.app.server;
    },
    payments: onFastify.payments,
  },
  'fetch.md': {
    make: async () => createAdaptorServer({ fetch: onFetch.POST }) as Server,
    payments: onFetch.payments,
  },
  'hono.md': {
    make: async () => createAdaptorServer({ fetch: onHono.app.fetch }) as Server,
    payments: onHono.payments,
  },
  'lambda.md': {
    make: async () =>
      lambdaGateway(
        'http',
        [['POST', '/payments']],
        (event, context) => onLambda.handler(event, context as Context),
        (token) => (token === 'token-of-alice' ? 'alice' : undefined),
      ),
    payments: onLambda.payments,
  },
};

for (const [page, guide] of Object.entries(guides)) guideSuite(page, guide);
