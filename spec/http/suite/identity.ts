import { expect } from 'chai';
import type { Sent } from './http-client.js';
import type { Suite } from './http-suite.js';

/** Which requests are the same. */
export function identity({ newKey, serve, test, server }: Suite): void {
  describe('a key belongs to', () => {
    const bench = serve();

    const bothRun = async (one: Sent, other: Sent) => {
      const { client, application } = bench();
      const key = newKey();
      const first = await client.send({ key, ...one });
      const second = await client.send({ key, ...other });
      expect([first.json.run, second.json.run], first.text + second.text).to.deep.equal([1, 2]);
      expect(second.headers.get('idempotency-replayed')).to.equal(undefined);
      expect(application.runs).to.equal(2);
    };

    test('its method', undefined, () =>
      bothRun({ body: { amount: 1 } }, { method: 'PUT', body: { amount: 1 } }),
    );

    test('its route', undefined, () =>
      bothRun({ body: { amount: 1 } }, { path: '/accounts/1/payments', body: { amount: 1 } }),
    );

    test('its caller', undefined, () =>
      bothRun({ body: { amount: 1 } }, { user: 'bob', body: { amount: 1 } }),
    );
  });

  describe('a request is another one', () => {
    const bench = serve();

    const isAnother = async (one: Sent, other: Sent) => {
      const { client, application } = bench();
      const key = newKey();
      expect((await client.send({ key, ...one })).status).to.be.within(200, 299);
      const { status, json, headers } = await client.send({ key, ...other });
      expect([status, json.type]).to.deep.equal([422, 'urn:retrysafe:problem:key-reused']);
      expect(headers.get('retry-after')).to.equal(undefined);
      expect(application.runs).to.equal(1);
    };

    test('with another body', undefined, () => isAnother({ body: { amount: 1 } }, { body: { amount: 2 } }));

    test('with a text in place of a number', undefined, () =>
      isAnother({ body: { amount: 1 } }, { body: { amount: '1' } }),
    );

    test('with another query', undefined, () =>
      isAnother(
        { path: '/payments?dry=1', body: { amount: 1 } },
        { path: '/payments?dry=0', body: { amount: 1 } },
      ),
    );

    test('without the query', undefined, () =>
      isAnother({ path: '/payments?dry=1', body: { amount: 1 } }, { body: { amount: 1 } }),
    );

    test('on another path of the same route', '(patterns)', () =>
      isAnother(
        { path: '/accounts/1/payments', body: { amount: 1 } },
        { path: '/accounts/2/payments', body: { amount: 1 } },
      ),
    );

    test('without a body', undefined, () => isAnother({ path: '/text', body: {} }, { path: '/text' }));
  });

  describe('a request is the same', () => {
    const bench = serve();

    const isSame = async (one: Sent, other: Sent) => {
      const { client, application } = bench();
      const key = newKey();
      const first = await client.send({ key, ...one });
      expect(first.status, first.text).to.be.within(200, 299);
      const second = await client.send({ key, ...other });
      expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(application.runs).to.equal(1);
    };

    test('with other white space and order of members', undefined, () =>
      isSame(
        { body: '{"amount":1,"note":{"a":[1,2],"b":null}}' },
        { body: '{\n  "note": { "b": null, "a": [1, 2] },\n  "amount": 1.0\n}' },
      ),
    );

    test('with another charset parameter', undefined, () =>
      isSame(
        { body: { amount: 1 } },
        { body: { amount: 1 }, headers: { 'content-type': 'application/json; charset=utf-8' } },
      ),
    );

    test('with other headers', undefined, () =>
      isSame(
        { body: { amount: 1 }, headers: { traceparent: 'a', 'user-agent': 'b' } },
        { body: { amount: 1 }, headers: { traceparent: 'c', 'user-agent': 'd' } },
      ),
    );

    test('with another boundary of its form', '/upload', () =>
      isSame(formWith('one', 'file'), formWith('other', 'file')),
    );

    test('but not with another file', '/upload', async () => {
      const { client, application } = bench();
      const key = newKey();
      const first = await client.send({ key, ...formWith('one', 'file') });
      expect(first.status, first.text).to.equal(201);
      expect((await client.send({ key, ...formWith('one', 'another file') })).status).to.equal(422);
      expect(application.runs).to.equal(1);
    });
  });

  describe('the scope', () => {
    const bench = serve({ unscopedStatus: 403 });

    test('has to yield something', undefined, async () => {
      const { client, application } = bench();
      const sent = { path: '/open/payments', user: null, key: newKey(), body: { amount: 1 } };
      const { status, json } = await client.send(sent);
      expect([status, json.type]).to.deep.equal([403, 'urn:retrysafe:problem:unscoped']);
      expect(application.runs).to.equal(0);
    });

    test('is asked for after authentication: a replay without it gets nothing', undefined, async () => {
      const { client, application } = bench();
      const key = newKey();
      const first = await client.send({ key, body: { amount: 1 } });
      expect(first.status).to.equal(201);
      const stolen = await client.send({ key, body: { amount: 1 }, user: null });
      expect([stolen.status, stolen.text]).to.deep.equal([401, 'who?']);
      expect(stolen.headers.get('idempotency-replayed')).to.equal(undefined);
      expect(application.runs).to.equal(1);
    });
  });

  describe('limits', () => {
    const bench = serve({ maxRequest: 100, maxInFlight: 1 });

    test('a body that is too large is refused', undefined, async () => {
      const { client, application } = bench();
      const body = { amount: 1, note: 'x'.repeat(100) };
      const { status, headers } = await client.send({ key: newKey(), body });
      expect(status).to.equal(413);
      expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(application.runs).to.equal(0);
      expect((await client.send({ key: newKey(), body: { amount: 1 } })).status).to.equal(201);
    });

    test('a scope may have so many requests under way', undefined, async () => {
      const { client, application } = bench();
      const held = application.hold();
      const begun = application.begun();
      const first = client.send({ key: newKey(), body: { amount: 1 } });
      await begun;
      const { status, headers } = await client.send({ key: newKey(), body: { amount: 1 } });
      expect([status, headers.get('retry-after')]).to.deep.equal([429, '1']);
      expect((await client.send({ key: newKey(), user: 'bob', body: { amount: 1 } })).status).to.equal(201);
      held.resolve();
      expect((await first).status).to.equal(201);
      expect((await client.send({ key: newKey(), body: { amount: 1 } })).status).to.equal(201);
    });
  });

  describe('validation before the handler', () => {
    const bench = serve();

    test('is no outcome', '/validated', async () => {
      const { client, application } = bench();
      const key = newKey();
      const wrong = await client.send({ path: '/validated', key, body: { amount: 'x' } });
      expect(wrong.status).to.equal(400);
      expect(application.runs).to.equal(0);
      const right = await client.send({ path: '/validated', key, body: { amount: 1 } });
      expect(right.status, `${server.title}: ${right.text}`).to.equal(201);
    });
  });
}

function formWith(boundary: string, content: string): Sent {
  const body = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="amount"',
    '',
    '1',
    `--${boundary}`,
    'Content-Disposition: form-data; name="receipt"; filename="a.txt"',
    'Content-Type: text/plain',
    '',
    content,
    `--${boundary}--`,
    '',
  ].join('\r\n');
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  return { path: '/upload', headers, body };
}
