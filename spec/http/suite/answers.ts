import { expect } from 'chai';
import type { Answer } from './http-client.js';
import type { Suite } from './http-suite.js';

/** Header lines that each answer has for itself. */
const ofEachAnswer = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'set-cookie',
  'x-request-id',
  'x-rate-limit-remaining',
  'idempotency-replayed',
]);

function recordedLines({ headers }: Answer): string[] {
  return headers.lines
    .filter(([name]) => !ofEachAnswer.has(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort();
}

/** What is recorded, and how it is replayed. */
export function answers({ newKey, serve, test, server }: Suite): void {
  describe('a replay has the status, headers and bytes', () => {
    const bench = serve();
    const paths = ['/payments', '/accounts/7/payments', '/text', '/html', '/nothing', '/redirect', '/bytes'];

    for (const path of [...paths, ...(server.native ?? [])])
      test(`of ${path}`, path, async () => {
        const { client, application } = bench();
        const sent = { path, key: newKey(), body: { amount: 5 } };
        const first = await client.send(sent);
        expect(first.status, first.text).to.be.within(200, 399);
        const second = await client.send(sent);
        expect(second.status).to.equal(first.status);
        expect(second.bytes.equals(first.bytes), `${second.text} in place of ${first.text}`).to.equal(true);
        expect(recordedLines(second)).to.deep.equal(recordedLines(first));
        expect(first.headers.get('idempotency-replayed')).to.equal(undefined);
        expect(second.headers.get('idempotency-replayed')).to.equal('true');
        expect(application.runs).to.equal(1);
      });

    test('as they are meant', undefined, async () => {
      const { client } = bench();
      const send = (path: string) => client.send({ path, key: newKey(), body: { amount: 5 } });
      const paid = await send('/payments');
      expect([paid.status, paid.headers.get('location'), paid.headers.get('x-run'), paid.json]).to.deep.equal(
        [201, '/payments/1', '1', { run: 1, amount: 5 }],
      );
      for (const path of server.native ?? []) {
        const native = await send(path);
        expect([native.status, native.json.amount], path).to.deep.equal([201, 5]);
      }
      const bytes = await send('/bytes');
      expect([bytes.bytes.length, bytes.bytes[255]]).to.deep.equal([257, 255]);
      const html = await send('/html');
      if (!server.without?.['(several header lines of an answer)'])
        expect(html.headers.all('link').join(', ')).to.equal('<a>; rel=x, <b>; rel=y');
      expect((await send('/nothing')).status).to.equal(204);
      const redirect = await send('/redirect');
      expect([redirect.status, redirect.headers.get('location')]).to.deep.equal([
        303,
        `/payments/${bench().application.runs}`,
      ]);
    });
  });

  describe('headers of one answer', () => {
    const bench = serve();

    test('are not recorded', '/private', async () => {
      const { client, application } = bench();
      const sent = { path: '/private', key: newKey(), body: {} };
      const first = await client.send(sent);
      expect(first.headers.all('set-cookie')).to.deep.equal(['session=1']);
      const second = await client.send(sent);
      expect(second.headers.all('set-cookie')).to.deep.equal([]);
      expect(second.text).to.equal(first.text);
      expect(application.runs).to.equal(1);
    });

    test('that stood before the guard are those of each request', undefined, async () => {
      const { client } = bench();
      const sent = { path: '/payments', key: newKey(), body: { amount: 1 } };
      const first = await client.send(sent);
      const second = await client.send(sent);
      const reused = await client.send({ ...sent, body: { amount: 2 } });
      const ids = [first, second, reused].map(({ headers }) => headers.get('x-request-id'));
      expect(new Set(ids).size, String(ids)).to.equal(3);
      const remaining = [first, second, reused].map(({ headers }) =>
        Number(headers.get('x-rate-limit-remaining')),
      );
      expect(remaining[1]).to.equal((remaining[0] as number) - 1);
      expect(remaining[2]).to.equal((remaining[0] as number) - 2);
      for (const { headers } of [first, second, reused])
        expect(headers.get('access-control-allow-origin')).to.equal('*');
    });
  });

  describe('which answers are outcomes', () => {
    const bench = serve();

    for (const status of [200, 400, 402, 404, 410, 422, 451])
      test(`${status} is one`, '/status', async () => {
        const { client, application } = bench();
        const sent = { path: `/status/${status}`, key: newKey(), body: {} };
        const first = await client.send(sent);
        const second = await client.send(sent);
        expect([second.status, second.text]).to.deep.equal([status, first.text]);
        expect(second.headers.get('idempotency-replayed')).to.equal('true');
        expect(application.runs).to.equal(1);
      });

    for (const status of [408, 409, 425, 429, 500, 502, 503])
      test(`${status} is none`, '/status', async () => {
        const { client, application } = bench();
        const sent = { path: `/status/${status}`, key: newKey(), body: {} };
        expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
        const second = await client.send(sent);
        expect([second.status, second.json]).to.deep.equal([status, { run: 2 }]);
        expect(second.headers.get('idempotency-replayed')).to.equal(undefined);
        expect(application.runs).to.equal(2);
      });

    test('an error that is thrown is none', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      application.failures.push(new Error('the bank is closed'));
      expect((await client.send({ key, body: { amount: 1 } })).status).to.equal(500);
      const { status, json } = await client.send({ key, body: { amount: 1 } });
      expect([status, json.run]).to.deep.equal([201, 2]);
      expect(application.runs).to.equal(2);
    });
  });

  describe('which answers are outcomes, by option', () => {
    const bench = serve({
      isOutcome: ({ status, header }) => status === 503 && header('content-type') !== undefined,
    });

    test('isOutcome decides', '/status', async () => {
      const { client, application } = bench();
      const key = newKey();
      const [one, other] = [newKey(), newKey()];
      for (const sent of [
        { path: '/status/503', key: one, body: {} },
        { path: '/status/200', key: other, body: {} },
      ]) {
        await client.send(sent);
        await client.send(sent);
      }
      expect(application.runs, key).to.equal(3);
    });
  });

  describe('what becomes of a failure, by option', () => {
    const bench = serve({ onFailure: 'unknown', onAbandoned: 'refuse' });

    for (const [what, path] of [
      ['an answer', '/status/500'],
      ['an error', '/payments'],
    ] as const)
      test(`${what} makes the outcome unknown, which no client retries by itself`, '/status', async () => {
        const { client, application } = bench();
        const sent = { path, key: newKey(), body: { amount: 1 } };
        if (path === '/payments') application.failures.push(new Error('the bank is closed'));
        expect((await client.send(sent)).status).to.equal(500);
        const { status, json, headers } = await client.send(sent);
        expect([status, json.type, headers.get('retry-after')]).to.deep.equal([
          424,
          'urn:retrysafe:problem:outcome-unknown',
          undefined,
        ]);
        expect(application.runs).to.equal(1);
      });
  });
}
