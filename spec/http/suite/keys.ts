import { expect } from 'chai';
import type { Suite } from './http-suite.js';

/** What is a key, and what is not. */
export function keys({ newKey, serve, test }: Suite): void {
  describe('the key', () => {
    const bench = serve();

    test('is the same with quotes and without', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const first = await client.send({ key, body: { amount: 1 } });
      for (const line of [`"${key}"`, ` "${key}" `, `"${key}";v=1;w="a b"`]) {
        const { status, text, headers } = await client.send({ key: line, body: { amount: 1 } });
        expect([status, text, headers.get('idempotency-replayed')]).to.deep.equal([201, first.text, 'true']);
      }
      expect(application.runs).to.equal(1);
    });

    test('has escapes in its quotes', undefined, async () => {
      const { client } = bench();
      const key = newKey();
      const first = await client.send({ key: `"${key}\\"\\\\"`, body: { amount: 1 } });
      const second = await client.send({ key: `"${key}\\"\\\\"`, body: { amount: 1 } });
      expect(second.text).to.equal(first.text);
      expect((await client.send({ key: `"${key}\\\\"`, body: { amount: 1 } })).text).not.to.equal(first.text);
    });

    for (const [what, line] of [
      ['empty', ''],
      ['empty in quotes', '""'],
      ['without the second quote', '"abc'],
      ['with text after the quotes', '"abc"d'],
      ['with a wrong escape', '"a\\b"'],
      ['bare with a space', 'a b'],
      ['bare with a comma', 'a,b'],
      ['of letters that are not ASCII', 'caf\u00e9'],
      ['of 256 characters', 'k'.repeat(256)],
    ] as const)
      test(`is refused where it is ${what}`, undefined, async () => {
        const { client, application } = bench();
        const { status, headers, json } = await client.send({ key: line, body: { amount: 1 } });
        expect(status).to.equal(400);
        expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
        expect(json.type).to.equal(
          `urn:retrysafe:problem:${line.length > 255 ? 'key-too-long' : 'key-malformed'}`,
        );
        expect(application.runs).to.equal(0);
      });

    test('may have 255 characters', undefined, async () => {
      const key = newKey().padEnd(255, 'k');
      expect((await bench().client.send({ key, body: { amount: 1 } })).status).to.equal(201);
    });

    test('is refused where it is sent twice', '(several header lines)', async () => {
      const { client, application } = bench();
      for (const second of ['a', newKey()]) {
        const { status } = await client.send({ key: ['a', second], body: { amount: 1 } });
        expect(status).to.equal(400);
      }
      expect(application.runs).to.equal(0);
    });

    test('is required on a route', undefined, async () => {
      const { client, application } = bench();
      const { status, json } = await client.send({ body: { amount: 1 } });
      expect([status, json.type]).to.deep.equal([400, 'urn:retrysafe:problem:key-missing']);
      expect(application.runs).to.equal(0);
    });

    test('is not needed to read', undefined, async () => {
      const { client } = bench();
      expect((await client.send({ method: 'GET' })).json).to.deep.equal({ ok: true });
      expect((await client.send({ method: 'HEAD' })).status).to.equal(200);
    });
  });

  describe('the key, by option', () => {
    const bench = serve({ required: false, header: 'X-Request-Key', maxKey: 10 });

    test('is not required', undefined, async () => {
      const { client, application } = bench();
      expect((await client.send({ body: { amount: 1 } })).json.run).to.equal(1);
      expect((await client.send({ body: { amount: 1 }, key: newKey() })).json.run).to.equal(2);
      expect(application.runs).to.equal(2);
    });

    test('has another header', undefined, async () => {
      const { client, application } = bench();
      const headers = { 'x-request-key': 'k-1' };
      const first = await client.send({ body: { amount: 1 }, headers });
      const second = await client.send({ body: { amount: 1 }, headers });
      expect(second.text).to.equal(first.text);
      expect(application.runs).to.equal(1);
    });

    test('has another length', undefined, async () => {
      const headers = { 'x-request-key': 'k'.repeat(11) };
      expect((await bench().client.send({ body: { amount: 1 }, headers })).status).to.equal(400);
    });
  });
}
