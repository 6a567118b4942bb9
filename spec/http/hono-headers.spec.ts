import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import type { Answer } from './suite/http-client.js';
import { serving } from './support/serving.js';

describe('headers around a guard of Hono', () => {
  const server = serving();
  const options = { store: new InMemoryStore(), scope: 'public' } as const;
  const guard = idempotency(options);
  let keys = 0;
  let app: Hono;
  let runs = 0;

  beforeEach(() => {
    keys += 1;
    runs = 0;
    app = new Hono();
    server().handler = app.fetch;
  });

  async function send(headers: Readonly<Record<string, string>> = {}, body: unknown = {}): Promise<Answer> {
    const sent = { origin: 'https://shop.example', 'content-type': 'application/json', ...headers };
    return server().client.send({ path: '/', key: `headers-${keys}`, body, headers: sent });
  }

  const lines = ({ headers }: Answer) =>
    Object.fromEntries(
      headers.lines.filter(
        ([name]) => !['date', 'connection', 'keep-alive', 'transfer-encoding'].includes(name),
      ),
    );
  /** No header occurs twice, where it should occur once. */
  const names = ({ headers }: Answer) => headers.lines.map(([name]) => name);

  it('are those of each answer where middleware before the guard sets them before its turn', async () => {
    app.use(cors({ origin: ['https://shop.example', 'https://other.example'], exposeHeaders: ['X-Run'] }));
    app.use(requestId());
    app.post('/', guard, (c) => c.json({ run: ++runs }, 201, { 'X-Run': String(runs) }));
    const first = await send();
    const second = await send({ origin: 'https://other.example' });
    const refused = await send({}, { other: true });
    expect(runs).to.equal(1);
    expect([first.status, second.status, refused.status]).to.deep.equal([201, 201, 422]);
    const ids = [first, second, refused].map(({ headers }) => headers.get('x-request-id'));
    expect(new Set(ids).size).to.equal(3);
    for (const answer of [first, second, refused]) {
      expect(names(answer)).to.have.lengthOf(new Set(names(answer)).size);
      expect(answer.headers.get('access-control-expose-headers')).to.equal('X-Run');
      expect(answer.headers.get('vary')).to.equal('Origin');
    }
    expect(
      [first, second, refused].map(({ headers }) => headers.get('access-control-allow-origin')),
    ).to.deep.equal(['https://shop.example', 'https://other.example', 'https://shop.example']);
    expect(second.headers.get('x-run')).to.equal('1');
  });

  it('are those of each answer where middleware before the guard sets them after its turn', async () => {
    app.use(secureHeaders());
    app.post('/', guard, (c) => c.json({ run: ++runs }));
    const [first, second] = [await send(), await send()];
    const { 'idempotency-replayed': replayed, ...replay } = lines(second);
    expect(replayed).to.equal('true');
    expect(replay).to.deep.equal(lines(first));
    expect(replay).to.include.keys('x-content-type-options', 'strict-transport-security');
  });

  it('are recorded where middleware after the guard sets them', async () => {
    app.post('/', guard, secureHeaders(), requestId(), (c) => c.json({ run: ++runs }));
    const [first, second] = [await send(), await send()];
    const { 'idempotency-replayed': _, ...replay } = lines(second);
    expect(replay).to.deep.equal(lines(first));
    expect(replay).to.include.keys('x-request-id', 'x-content-type-options');
  });

  it('that the handler changed are the handler’s on a replay, too', async () => {
    app.use(async (c, next) => {
      c.header('Cache-Control', 'no-store');
      c.header('Vary', 'Origin');
      c.header('X-Both', `before ${runs}`);
      await next();
    });
    app.post('/', guard, (c) => {
      c.header('Cache-Control', 'max-age=60');
      c.header('Vary', 'Accept', { append: true });
      return c.json({ run: ++runs });
    });
    const [first, second] = [await send(), await send()];
    const expected = { 'cache-control': 'max-age=60', vary: 'Origin, Accept' };
    expect(lines(first)).to.include({ ...expected, 'x-both': 'before 0' });
    expect(lines(second)).to.include({ ...expected, 'x-both': 'before 1' });
  });

  it('of a plain `Response` are not hidden by those that stood before', async () => {
    app.use(async (c, next) => {
      c.header('Cache-Control', 'no-store');
      await next();
    });
    app.post('/', guard, () => new Response('text', { headers: { 'Cache-Control': 'max-age=60' } }));
    for (const _ of [1, 2]) expect((await send()).headers.get('cache-control')).to.equal('max-age=60');
  });

  it('that set cookies are sent once, and not recorded', async () => {
    app.use(async (c, next) => {
      setCookie(c, 'session', `s${runs}`);
      await next();
    });
    app.post('/', guard, (c) => {
      setCookie(c, 'one', '1');
      setCookie(c, 'two', '2');
      return c.json({ run: ++runs });
    });
    const [first, second] = [await send(), await send()];
    expect(first.headers.all('set-cookie')).to.deep.equal([
      'session=s0; Path=/',
      'one=1; Path=/',
      'two=2; Path=/',
    ]);
    expect(second.headers.all('set-cookie')).to.deep.equal(['session=s1; Path=/']);
  });

  it('of the guard itself keep those that stood before', async () => {
    app.use(async (c, next) => {
      c.header('Content-Type', 'text/csv');
      c.header('X-Before', 'yes');
      await next();
    });
    app.post('/', guard, (c) => c.json({}));
    const answer = await server().client.send({ path: '/' });
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-before')]).to.deep.equal(
      [400, 'application/problem+json', 'yes'],
    );
  });

  it('have no length that a stream leaves behind where the body breaks before its first part', async () => {
    app.use(cors());
    app.onError((error, c) => c.text(error.message, 500));
    app.post('/', guard, (c) => {
      const body = new ReadableStream({ pull: () => Promise.reject(new Error('it broke')) });
      return c.body(body, 200, { 'Content-Length': '3', 'X-Handler': 'yes' });
    });
    const answer = await send();
    expect([answer.status, answer.text]).to.deep.equal([500, 'it broke']);
    expect(answer.headers.get('x-handler')).to.equal(undefined);
    expect(answer.headers.get('access-control-allow-origin')).to.equal('*');
  });

  describe('of a compression', () => {
    const gzip = { 'accept-encoding': 'gzip' };
    const text = 'x'.repeat(2_000);
    const read = ({ bytes, headers }: Answer) =>
      headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes).toString() : bytes.toString();

    it('outside: each client gets the encoding that it asks for', async () => {
      app.use(compress());
      app.post('/', guard, (c) => c.text(`${++runs} ${text}`));
      const answers = [await send(gzip), await send(), await send(gzip)];
      expect(answers.map(({ headers }) => headers.get('content-encoding'))).to.deep.equal([
        'gzip',
        undefined,
        'gzip',
      ]);
      for (const answer of answers) expect(read(answer)).to.equal(`1 ${text}`);
    });

    it('inside: the encoding is recorded, and refused to a client that does not take it', async () => {
      app.post('/', guard, compress(), (c) => c.text(`${++runs} ${text}`));
      const [first, second, third] = [
        await send(gzip),
        await send(gzip),
        await send({ 'accept-encoding': 'br' }),
      ];
      expect([first, second].map(read)).to.deep.equal([`1 ${text}`, `1 ${text}`]);
      expect(second.headers.get('content-encoding')).to.equal('gzip');
      expect([third.status, third.json.type]).to.deep.equal([406, 'urn:retrysafe:problem:encoding-refused']);
    });
  });
});
