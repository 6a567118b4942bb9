import { connect } from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply } from 'fastify';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { fastifyBench, guarded, newKey } from './fastify-bench.js';
import type { Answer } from './suite/http-client.js';
import { isInstalled } from './suite/load.js';

const require = createRequire(
  fileURLToPath(new URL('../../../spec/http/frameworks/package.json', import.meta.url)),
);

/** Plugins that change requests and responses. */
describe('beside plugins of Fastify', () => {
  const start = fastifyBench();

  before(function () {
    if (!isInstalled('frameworks')) pending(this, 'frameworks is not installed: npm run install:frameworks');
  });

  const plugin = (name: string) => require(name) as FastifyPluginCallback<Record<string, unknown>>;
  const decoded = ({ headers, bytes }: Answer): string => {
    const encoding = headers.get('content-encoding');
    if (encoding === 'gzip') return gunzipSync(bytes).toString();
    return encoding === 'br' ? brotliDecompressSync(bytes).toString() : bytes.toString();
  };
  const text = 'a long text that is worth it. '.repeat(100);

  describe('@fastify/compress', () => {
    for (const order of ['before', 'after'] as const)
      it(`registered ${order} the guard is outside of it: each client gets the encoding that it takes`, async () => {
        let runs = 0;
        const register = async (app: FastifyInstance) =>
          void (await app.register(plugin('@fastify/compress')));
        const { client } = await start(
          async (app) => {
            if (order === 'after') await register(app);
            app.post('/text', guarded, async (_request, reply) => {
              runs += 1;
              return reply.header('x-made', runs).send(text);
            });
            app.post('/stream', guarded, async (_request, reply) => {
              runs += 1;
              return reply.type('text/plain').send(Readable.from([text.slice(0, 1_000), text.slice(1_000)]));
            });
          },
          { before: async (app) => order === 'before' && (await register(app)) },
        );
        for (const path of ['/text', '/stream']) {
          const key = newKey();
          for (const [encoding, replayed] of [
            ['gzip', undefined],
            ['br', 'true'],
            ['gzip', 'true'],
            ['identity', 'true'],
          ] as const) {
            const answer = await client.send({ path, key, headers: { 'accept-encoding': encoding } });
            expect(answer.status, answer.text).to.equal(200);
            expect(decoded(answer)).to.equal(text);
            expect(answer.headers.get('content-encoding')).to.equal(
              encoding === 'identity' ? undefined : encoding,
            );
            expect(answer.headers.get('idempotency-replayed')).to.equal(replayed);
          }
        }
        expect(runs).to.equal(2);
      });

    it('holds the end of what it compresses until that is recorded', async () => {
      const { client, store } = await start(async (app) => {
        await app.register(plugin('@fastify/compress'));
        app.post('/it', guarded, async (_request, reply) =>
          reply.type('text/plain').send(Readable.from([text])),
        );
      });
      const gate = store.hold();
      const { head } = client.open({ path: '/it', key: newKey(), headers: { 'accept-encoding': 'gzip' } });
      await gate.isReached;
      // Whatever was sent before this answer is here with it.
      await client.send({ path: '/none' });
      gate.release();
      const answer = await head;
      expect(await answer.ended).to.equal(true);
      expect(gunzipSync(Buffer.from(answer.received(), 'latin1')).toString()).to.equal(text);
    });

    it('called by the handler is inside of the guard: a client that does not take the encoding is refused', async () => {
      let runs = 0;
      const { client } = await start(async (app) => {
        await app.register(plugin('@fastify/compress'), { global: false });
        app.post('/it', guarded, async (_request, reply) => {
          runs += 1;
          reply.type('text/plain');
          (reply as FastifyReply & { compress(payload: string): void }).compress(text);
          return reply;
        });
      });
      const sent = { path: '/it', key: newKey() };
      const first = await client.send({ ...sent, headers: { 'accept-encoding': 'gzip' } });
      expect([first.headers.get('content-encoding'), decoded(first)]).to.deep.equal(['gzip', text]);
      const again = await client.send({ ...sent, headers: { 'accept-encoding': 'gzip, br' } });
      expect([again.headers.get('content-encoding'), decoded(again)]).to.deep.equal(['gzip', text]);
      const refused = await client.send({ ...sent, headers: { 'accept-encoding': 'br' } });
      expect([refused.status, refused.json.type]).to.deep.equal([
        406,
        'urn:retrysafe:problem:encoding-refused',
      ]);
      expect(runs).to.equal(1);
    });
  });

  describe('@fastify/multipart', () => {
    const form = (boundary: string, file: string) => ({
      path: '/it',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: [
        `--${boundary}\r\nContent-Disposition: form-data; name="amount"\r\n\r\n5\r\n`,
        `--${boundary}\r\nContent-Disposition: form-data; name="receipt"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${file}\r\n--${boundary}--\r\n`,
      ].join(''),
    });

    interface Part {
      readonly type: string;
      readonly fieldname: string;
      readonly value?: string;
      toBuffer(): Promise<Buffer>;
    }

    for (const [how, options] of [
      ['streams parts to the handler', {}],
      ['attaches fields to the body', { attachFieldsToBody: 'keyValues' }],
    ] as const)
      it(`${how}: the same form is a replay, with another boundary too, and another file is refused`, async () => {
        let runs = 0;
        const file = 'contents of a file '.repeat(10_000);
        const { client } = await start(async (app) => {
          await app.register(plugin('@fastify/multipart'), options);
          app.post('/it', guarded, async (request) => {
            runs += 1;
            if ('attachFieldsToBody' in options) {
              const { amount, receipt } = request.body as { amount: string; receipt: Buffer };
              return { amount, length: receipt.length, run: runs };
            }
            const seen: Record<string, unknown> = { run: runs };
            for await (const part of (request as unknown as { parts(): AsyncIterable<Part> }).parts()) {
              if (part.type === 'file') seen.length = (await part.toBuffer()).length;
              else seen[part.fieldname] = part.value;
            }
            return seen;
          });
        });
        const key = newKey();
        const expected = { amount: '5', length: file.length, run: 1 };
        expect((await client.send({ ...form('one', file), key })).json).to.deep.equal(expected);
        const again = await client.send({ ...form('other', file), key });
        expect(again.json).to.deep.equal(expected);
        expect(again.headers.get('idempotency-replayed')).to.equal('true');
        expect((await client.send({ ...form('one', 'another file'), key })).status).to.equal(422);
        expect(runs).to.equal(1);
      });

    it('is there by app.inject(), whose request is no message of HTTP', async () => {
      const { app } = await start(async (app) => {
        await app.register(plugin('@fastify/multipart'));
        app.post('/it', guarded, async (request) => {
          const file = await (request as unknown as { file(): Promise<Part> }).file();
          return (await file.toBuffer()).toString();
        });
      });
      const payload = new FormData();
      payload.set('receipt', new File(['content'], 'a.txt'));
      const sent = { method: 'POST' as const, url: '/it', headers: { 'idempotency-key': newKey() }, payload };
      expect((await app.inject(sent)).body).to.equal('content');
      const again = await app.inject(sent);
      expect([again.body, again.headers['idempotency-replayed']]).to.deep.equal(['content', 'true']);
    });
  });
});

describe('over HTTP/2, Fastify', () => {
  it('replays, streams, and reads bodies without a length', async () => {
    const { fastify } = await import('fastify');
    const { idempotency } = await import('retrysafe/fastify');
    const { InMemoryStore } = await import('retrysafe');
    const app = fastify({ http2: true });
    let runs = 0;
    await app.register(idempotency, { store: new InMemoryStore(), scope: 'public' });
    app.post('/it', guarded, async ({ body }) => ({ run: ++runs, body }));
    app.post('/stream', guarded, async ({ raw }) => {
      runs += 1;
      return Readable.from(raw);
    });
    app.addContentTypeParser('a/stream', (_request, _payload, done) => done(null));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const send = async (path: string, type: string, key: string, body: string) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': type,
        'idempotency-key': key,
      });
      const head = defer<Record<string, unknown>>();
      stream.on('response', head.resolve);
      stream.end(body);
      let received = '';
      for await (const chunk of stream) received += chunk;
      const { ':status': status, 'idempotency-replayed': replayed } = await head.promise;
      return [status, received, replayed];
    };
    try {
      for (const [index, [path, type]] of (
        [
          ['/it', 'application/json'],
          ['/stream', 'a/stream'],
        ] as const
      ).entries()) {
        const key = newKey();
        const body = path === '/it' ? `{"run":${index + 1},"body":{}}` : '{"a":1}';
        expect(await send(path, type, key, path === '/it' ? '{}' : '{"a":1}')).to.deep.equal([
          200,
          body,
          undefined,
        ]);
        expect(await send(path, type, key, path === '/it' ? '{ }' : '{"a":1}')).to.deep.equal([
          200,
          body,
          'true',
        ]);
        expect((await send(path, type, key, '{"b":1}'))[0]).to.equal(422);
      }
      expect(runs).to.equal(2);
    } finally {
      session.close();
      await app.close();
    }
  });
});
