import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { defer } from '../support/defer.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';
import type { HttpClient } from './suite/http-client.js';

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

/** What is compared of a request's body, and that its handler still gets all of it. */
describe('the body of a request to Fastify', () => {
  const start = fastifyBench();

  it('is compared as it was sent, and not as validation has made it', async () => {
    const bodies: unknown[] = [];
    const { client } = await start((app) => {
      const body = {
        type: 'object',
        properties: { amount: { type: 'number' }, note: { type: 'string', default: 'none' } },
      };
      app.post('/it', { ...guarded, schema: { body } }, async (request) => {
        bodies.push(request.body);
        return 'paid';
      });
    });
    const key = newKey();
    expect((await client.send({ path: '/it', key, body: { amount: 1 } })).status).to.equal(200);
    expect((await client.send({ path: '/it', key, body: { amount: '1' } })).status).to.equal(422);
    expect((await client.send({ path: '/it', key, body: { amount: 1, note: 'none' } })).status).to.equal(422);
    expect((await client.send({ path: '/it', key, body: '{ "amount": 1.0 }' })).status).to.equal(200);
    expect(bodies).to.deep.equal([{ amount: 1, note: 'none' }]);
  });

  it('may be too large for the guard, or for Fastify', async () => {
    let runs = 0;
    const { client } = await start(
      (app) => {
        app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
        app.post('/it', guarded, async () => `run ${++runs}`);
        app.post('/stream', guarded, async ({ body }) => textOf(body as Readable));
        app.post('/small', { ...guarded, bodyLimit: 50 }, async () => `run ${++runs}`);
      },
      { guard: { maxRequest: 100 } },
    );
    const large = { note: 'x'.repeat(200) };
    const refused = await client.send({ path: '/it', key: newKey(), body: large });
    expect([refused.status, refused.json.type]).to.deep.equal([413, 'urn:retrysafe:problem:body-too-large']);
    const chunked = await sendParts(
      client,
      { path: '/it', key: newKey(), type: 'text/plain' },
      'x'.repeat(99),
      'xx',
    );
    expect([chunked.status, chunked.json.type]).to.deep.equal([413, 'urn:retrysafe:problem:body-too-large']);
    const unread = await client.send({
      path: '/stream',
      key: newKey(),
      headers: { 'content-type': 'a/b' },
      body: 'x'.repeat(200),
    });
    expect(unread.status).to.equal(413);
    const limited = await client.send({ path: '/small', key: newKey(), body: { note: 'x'.repeat(60) } });
    expect([limited.status, limited.json.code]).to.deep.equal([413, 'FST_ERR_CTP_BODY_TOO_LARGE']);
    expect(runs).to.equal(0);
  });

  it('may come in chunks, or not at all', async () => {
    const { client } = await start((app) => {
      app.post('/it', guarded, async ({ body }) => ({ body: body ?? 'none' }));
    });
    const key = newKey();
    const sent = { path: '/it', key, type: 'application/json' };
    expect((await sendParts(client, sent, '{"a":[1,', '2]}')).json).to.deep.equal({ body: { a: [1, 2] } });
    expect(
      (await client.send({ path: '/it', key, body: { a: [1, 2] } })).headers.get('idempotency-replayed'),
    ).to.equal('true');
    expect((await client.send({ path: '/it', key, body: { a: [1] } })).status).to.equal(422);
    expect((await client.send({ path: '/it', key: newKey() })).json).to.deep.equal({ body: 'none' });
    const empty = { path: '/it', key: newKey(), headers: { 'content-type': 'text/plain' }, body: '' };
    expect((await client.send(empty)).json).to.deep.equal({ body: '' });
  });

  it('is there for a parser that streams, and for a handler that reads the request itself', async () => {
    const text = 'x'.repeat(300_000);
    let runs = 0;
    const { client } = await start((app) => {
      app.addContentTypeParser('a/stream', (_request, payload, done) => done(null, payload));
      app.addContentTypeParser('a/raw', (_request, _payload, done) => done(null));
      app.addContentTypeParser('a/listener', (_request, payload, done) => {
        let length = 0;
        payload.on('data', (chunk: Buffer) => {
          length += chunk.length;
        });
        payload.on('end', () => done(null, length));
      });
      app.addHook('preHandler', async () => new Promise((resolve) => setImmediate(resolve)));
      app.post('/stream', guarded, async ({ body }) => ({
        length: (await textOf(body as Readable)).length,
        run: ++runs,
      }));
      app.post('/raw', guarded, async ({ raw }) => ({ length: (await textOf(raw)).length, run: ++runs }));
      app.post('/piped', guarded, async ({ raw }) => ({
        length: (await textOf(raw.pipe(new Transform({ transform: (chunk, _, done) => done(null, chunk) }))))
          .length,
        run: ++runs,
      }));
      app.post('/listener', guarded, async ({ body }) => ({ length: body, run: ++runs }));
    });
    for (const [index, [path, type]] of (
      [
        ['/stream', 'a/stream'],
        ['/raw', 'a/raw'],
        ['/piped', 'a/raw'],
        ['/listener', 'a/listener'],
      ] as const
    ).entries()) {
      const key = newKey();
      const headers = { 'content-type': type };
      const expected = { length: 300_000, run: index + 1 };
      expect((await client.send({ path, key, headers, body: text })).json, path).to.deep.equal(expected);
      expect((await client.send({ path, key, headers, body: text })).json, path).to.deep.equal(expected);
      expect((await client.send({ path, key, headers, body: `${text}y` })).status, path).to.equal(422);
    }
  });

  describe('that is short comes by itself, whoever reads it', () => {
    const raw = async (path: string, ...early: readonly string[]) => {
      const runs: string[] = [];
      const begun = defer();
      const broken = defer<unknown>();
      const { client } = await start(
        (app) => {
          app.addContentTypeParser('a/raw', (_request, _payload, done) => done(null));
          app.post('/it', guarded, async ({ raw }) => {
            runs.push(await textOf(raw));
            return `run ${runs.length}: ${runs.at(-1)}`;
          });
          app.post('/unread', guarded, async () => `run ${runs.push('')}`);
        },
        {
          before: (app) => {
            app.addHook('onRequest', async () => new Promise((resolve) => setImmediate(resolve)));
            app.addHook('preHandler', async () => begun.resolve());
            app.addHook('onError', async (_request, _reply, error) => broken.resolve(error));
          },
        },
      );
      const headers = { 'content-type': 'a/raw', 'content-length': 10, 'idempotency-key': newKey() };
      const request = httpRequest({ port: client.port, host: '127.0.0.1', method: 'POST', path, headers });
      request.on('error', () => {});
      request.flushHeaders();
      for (const part of early) request.write(part);
      await begun.promise;
      return { client, request, runs, broken: broken.promise, key: headers['idempotency-key'] };
    };

    for (const [when, early, late] of [
      ['after the guard was asked', [], ['01234', '56789']],
      ['in part before', ['01234'], ['56789']],
      ['before', ['01234', '56789'], []],
    ] as const)
      it(`${when}`, async () => {
        for (const path of ['/it', '/unread']) {
          const { client, request, runs, key } = await raw(path, ...early);
          for (const part of late) await new Promise((resolve) => request.write(part, resolve));
          request.end();
          const [response] = (await once(request, 'response')) as [IncomingMessage];
          const first = await textOf(response);
          expect(first).to.equal(path === '/it' ? 'run 1: 0123456789' : 'run 1');
          const sent = { path, key, headers: { 'content-type': 'a/raw' } };
          const again = await client.send({ ...sent, body: '0123456789' });
          expect([again.text, again.headers.get('idempotency-replayed')]).to.deep.equal([first, 'true']);
          expect((await client.send({ ...sent, body: '012345678x' })).status).to.equal(422);
          expect(runs).to.have.length(1);
        }
      });

    it('and where it breaks off, nothing runs', async () => {
      const { client, request, runs, broken, key } = await raw('/it', '01234');
      request.destroy();
      const error = await broken;
      expect(error).to.include({ message: 'the request ended before its body did', statusCode: 400 });
      const retry = await client.send({
        path: '/it',
        key,
        headers: { 'content-type': 'a/raw' },
        body: 'other',
      });
      expect(retry.text).to.equal('run 1: other');
      expect(runs).to.have.length(1);
    });
  });

  it('is what a hook before the parser has made of it', async () => {
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async ({ body }) => ({ body }));
      },
      {
        before: (app) =>
          app.addHook('preParsing', async (request, _reply, payload) => {
            if (request.headers['content-encoding'] !== 'gzip') return payload;
            const decoded = payload.pipe(createGunzip());
            return Object.assign(decoded, {
              receivedEncodedLength: Number(request.headers['content-length']),
            });
          }),
      },
    );
    const sent = (body: unknown, level: number) => ({
      path: '/it',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(body), { level }),
    });
    const key = newKey();
    const note = 'a note '.repeat(50);
    const first = await client.send({ ...sent({ note }, 1), key });
    expect(first.json).to.deep.equal({ body: { note } });
    const again = await client.send({ ...sent({ note }, 9), key });
    expect([again.text, again.headers.get('idempotency-replayed')]).to.deep.equal([first.text, 'true']);
    expect((await client.send({ ...sent({ note: 'other' }, 9), key })).status).to.equal(422);
  });

  it('that a hook has read before is taken as that has made it', async () => {
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async ({ body }) => ({ body }));
      },
      {
        before: (app) => {
          app.addContentTypeParser('a/b', (_request, _payload, done) => done(null));
          app.addHook('onRequest', async (request) => {
            request.body = await textOf(request.raw);
          });
          app.addHook('preValidation', async (request) => {
            request.body = { read: request.headers['x-body'] };
          });
        },
      },
    );
    const key = newKey();
    const sent = (text: string) => ({
      path: '/it',
      key,
      headers: { 'content-type': 'a/b', 'x-body': text },
      body: 'bytes',
    });
    expect((await client.send(sent('one'))).json).to.deep.equal({ body: { read: 'one' } });
    expect((await client.send(sent('one'))).status).to.equal(200);
    expect((await client.send(sent('two'))).status).to.equal(422);
  });

  it('is read in the context of the hooks before', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async ({ body }) => ({ body, context: storage.getStore() ?? 'lost' }));
      },
      { before: (app) => app.addHook('onRequest', (_request, _reply, done) => storage.run('kept', done)) },
    );
    const sent = { path: '/it', key: newKey(), type: 'application/json' };
    expect((await sendParts(client, sent, '{"a":', '1}')).json).to.deep.equal({
      body: { a: 1 },
      context: 'kept',
    });
  });

  it('that breaks off ends its request, and nothing runs', async () => {
    let runs = 0;
    const over = defer<unknown>();
    const { client } = await start(
      (app) => {
        app.post('/it', guarded, async () => `run ${++runs}`);
        app.post('/next', async () => 'next');
      },
      { before: (app) => app.addHook('onError', async (_request, _reply, error) => over.resolve(error)) },
    );
    const headers = {
      'content-type': 'application/json',
      'content-length': 100,
      'idempotency-key': newKey(),
    };
    const broken = httpRequest({
      port: client.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/it',
      headers,
    });
    broken.on('error', () => {});
    broken.write('{"a":', () => broken.destroy());
    expect(await over.promise).to.have.property('statusCode', 400);
    expect((await client.send({ path: '/next' })).text).to.equal('next');
    expect(runs).to.equal(0);
  });

  it('is not read where there is no key', async () => {
    const { client } = await start(
      (app) => {
        app.addContentTypeParser('a/stream', (_request, payload, done) => done(null, payload));
        app.post('/it', guarded, async ({ body }) => (await textOf(body as Readable)).length.toString());
      },
      { guard: { required: false, maxRequest: 1 } },
    );
    expect(
      (await client.send({ path: '/it', headers: { 'content-type': 'a/stream' }, body: 'bytes' })).text,
    ).to.equal('5');
  });
});

/** Sends a body whose length is not told before. */
async function sendParts(
  client: HttpClient,
  { path, key, type }: { readonly path: string; readonly key: string; readonly type: string },
  ...parts: readonly string[]
) {
  const headers = { 'content-type': type, 'idempotency-key': key };
  const request = httpRequest({ port: client.port, host: '127.0.0.1', method: 'POST', path, headers });
  for (const part of parts) await new Promise((resolve) => request.write(part, resolve));
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, json: JSON.parse(await textOf(response)) };
}
