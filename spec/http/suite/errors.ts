import { expect } from 'chai';
import { StoreError } from 'retrysafe';
import type { Suite } from './http-suite.js';

/** What a client reads of a refusal, and what a handler knows of its run. */
export function errors({ newKey, serve, test, server }: Suite): void {
  describe('an error', () => {
    const bench = serve({ problemTypes: 'https://api.example.com/problems/' });

    test('is a problem that tells nothing of the service', undefined, async () => {
      const { client } = bench();
      const key = newKey();
      await client.send({ key, body: { amount: 1 } });
      const { status, headers, json, text } = await client.send({ key, body: { amount: 2 } });
      expect(headers.get('content-type')).to.match(/^application\/problem\+json(;|$)/);
      expect(json).to.have.all.keys('type', 'title', 'status', 'detail');
      expect(json).to.include({ type: 'https://api.example.com/problems/key-reused', status });
      expect(text).not.to.match(/[0-9a-f]{32}|recordOf|onAbandoned|POST|payments\b.*http |key-\d/);
    });

    test('of a store that fails is one after which a client may retry', undefined, async () => {
      const { client, application, store } = bench();
      const claim = store.claim;
      store.claim = () => Promise.reject(new StoreError('down'));
      try {
        const { status, headers, json } = await client.send({ key: newKey(), body: { amount: 1 } });
        expect([status, headers.get('retry-after'), json.type]).to.deep.equal([
          503,
          '1',
          'https://api.example.com/problems/store-unavailable',
        ]);
      } finally {
        store.claim = claim;
      }
      expect(application.runs).to.equal(0);
    });
  });

  if (server.frameworkError)
    describe('an error, with the framework in charge', () => {
      const { status, text } = server.frameworkError as { status: number; text: RegExp };
      const bench = serve({ errors: 'framework' });

      test('is seen by its error handling', undefined, async () => {
        const { client, application } = bench();
        const key = newKey();
        await client.send({ key, body: { amount: 1 } });
        const refused = await client.send({ key, body: { amount: 2 } });
        expect(refused.status).to.equal(status);
        expect(refused.text).to.match(text);
        expect(application.runs).to.equal(1);
      });
    });

  describe('inside of the handler', () => {
    const bench = serve();

    test('currentExecution() knows the run', '/execution', async () => {
      const { client, application } = bench();
      const sent = { path: '/execution', key: newKey(), body: {} };
      const { json } = await client.send(sent);
      expect(json.key).to.match(/^http.*#[0-9a-f]{64}$/);
      expect(json.attempt).to.equal(1);
      expect(application.seen[0]).to.be.an.instanceOf(AbortSignal).with.property('aborted', false);
      expect((await client.send(sent)).json).to.deep.equal(json);
    });

    test('the response can be completed in the transaction of the work', '/completion', async () => {
      const { client, application } = bench();
      const sent = { path: '/completion', key: newKey(), body: {} };
      const first = await client.send(sent);
      expect([first.status, first.json]).to.deep.equal([201, { run: 1 }]);
      const second = await client.send(sent);
      expect([second.status, second.json]).to.deep.equal([201, { run: 1 }]);
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(application.runs).to.equal(1);
    });
  });
}
