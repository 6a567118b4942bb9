import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { lambdaGateway } from '../servers/lambda-gateway.js';
import { HttpClient } from '../suite/http-client.js';
import * as onExpress from './express.js';
import * as onFastify from './fastify.js';
import * as onFetch from './fetch.js';
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

for (const [page, { make, payments }] of Object.entries(guides))
  describe(`the server of docs/guide/http/${page}`, () => {
    let server: Server;
    let client: HttpClient;
    const sent = { key: 'k-1', user: 'token-of-alice', body: { amount: 40 } };

    before(async () => {
      server = await make();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      client = new HttpClient((server.address() as AddressInfo).port);
    });
    after(() => {
      client?.close();
      server?.closeAllConnections();
      server?.close();
    });

    it('pays once, and replays', async () => {
      const first = await client.send(sent);
      const second = await client.send(sent);
      expect([first.status, first.json.amount]).to.deep.equal([201, 40]);
      expect(first.headers.get('location')).to.equal(`/payments/${first.json.id}`);
      expect([second.status, second.text]).to.deep.equal([201, first.text]);
      expect(second.headers.get('location')).to.equal(first.headers.get('location'));
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(payments).to.have.length(1);
    });

    it('gives nothing to a replay that is not authenticated', async () => {
      for (const user of [null, 'token-of-nobody']) {
        const { status, text, headers } = await client.send({ ...sent, user });
        expect([status, text]).to.deep.equal([401, 'who?']);
        expect(headers.get('idempotency-replayed')).to.equal(undefined);
      }
      expect(payments).to.have.length(1);
    });

    it('refuses another payment with the same key', async () => {
      const { status, json } = await client.send({ ...sent, body: { amount: 41 } });
      expect([status, json.type]).to.deep.equal([422, 'urn:retrysafe:problem:key-reused']);
      expect(payments).to.have.length(1);
    });
  });
