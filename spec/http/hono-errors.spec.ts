import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { expect } from 'chai';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { FingerprintError, InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import { RequestRefusedError } from 'retrysafe/http';
import { serving } from './support/serving.js';

describe('an error below a guard of Hono', () => {
  const server = serving();
  const options = { store: new InMemoryStore(), scope: 'public' } as const;
  let keys = 0;
  let runs = 0;
  let app: Hono;

  beforeEach(() => {
    keys += 1;
    runs = 0;
    app = new Hono();
    server().handler = app.fetch;
  });

  const send = (body: unknown = {}) => server().client.send({ path: '/', key: `error-${keys}`, body });

  /** Sends the request twice, and returns what came, and how often the handler ran. */
  async function twice() {
    const [first, second] = [await send(), await send()];
    return {
      statuses: [first.status, second.status],
      texts: [first.text, second.text],
      isReplay: second.headers.get('idempotency-replayed') === 'true',
      runs,
    };
  }

  it('is answered by `app.onError`, and frees the key', async () => {
    app.onError((error, c) => c.text(`handled: ${error.message}`, 502));
    app.post('/', idempotency(options), () => {
      throw new Error(`run ${++runs}`);
    });
    expect(await twice()).to.deep.equal({
      statuses: [502, 502],
      texts: ['handled: run 1', 'handled: run 2'],
      isReplay: false,
      runs: 2,
    });
  });

  it('is answered by the `onError` of a sub-application', async () => {
    const sub = new Hono().onError((error, c) => c.text(`sub: ${error.message}`, 500));
    sub.post('/', idempotency(options), () => {
      throw new Error(`run ${++runs}`);
    });
    app.route('/', sub);
    expect((await twice()).texts).to.deep.equal(['sub: run 1', 'sub: run 2']);
  });

  it('that is an HTTPException below 500 is the outcome', async () => {
    app.post('/', idempotency(options), () => {
      const res = Response.json({ run: ++runs }, { status: 402, headers: { 'X-Reason': 'limit' } });
      throw new HTTPException(402, { res });
    });
    const { texts, ...more } = await twice();
    expect(texts).to.deep.equal(['{"run":1}', '{"run":1}']);
    expect(more).to.deep.equal({ statuses: [402, 402], isReplay: true, runs: 1 });
    expect((await send()).headers.get('x-reason')).to.equal('limit');
  });

  it('that is an HTTPException of 500 or more is none', async () => {
    app.post('/', idempotency(options), () => {
      throw new HTTPException(503, { message: `run ${++runs}` });
    });
    expect((await twice()).texts).to.deep.equal(['run 1', 'run 2']);
  });

  it('makes the outcome unknown, by option', async () => {
    app.onError((_, c) => c.text('failed', 500));
    app.post('/', idempotency({ ...options, onFailure: 'unknown', onAbandoned: 'refuse' }), () => {
      runs += 1;
      throw new Error('lost');
    });
    expect((await twice()).statuses).to.deep.equal([500, 424]);
    expect(runs).to.equal(1);
  });

  it('is that nothing was returned', async () => {
    app.onError((error, c) => c.text(error.message, 500));
    app.post('/', idempotency(options), (() => {
      runs += 1;
    }) as never);
    const { statuses, texts } = await twice();
    expect(statuses).to.deep.equal([500, 500]);
    expect(texts[0]).to.match(/returned undefined; expected a Response/);
    expect(runs).to.equal(2);
  });

  it('of the scope is the framework’s, and nothing runs', async () => {
    const scope = () => {
      throw new HTTPException(401, { message: 'who?' });
    };
    app.post('/', idempotency({ ...options, scope }), (c) => c.text(`run ${++runs}`));
    expect((await twice()).texts).to.deep.equal(['who?', 'who?']);
    expect(runs).to.equal(0);
  });

  it('of the guard reaches `app.onError`, by option', async () => {
    const seen: unknown[] = [];
    app.onError((error, c) => {
      seen.push(error);
      return c.text(error.name, (error as { statusCode?: 422 }).statusCode ?? 500);
    });
    app.use(async (c, next) => {
      c.header('X-Before', 'yes');
      await next();
    });
    app.post('/', idempotency({ ...options, errors: 'framework' }), (c) => c.text(`run ${++runs}`));
    await send({ amount: 1 });
    const reused = await send({ amount: 2 });
    expect([reused.status, reused.text]).to.deep.equal([422, 'FingerprintError']);
    const missing = await server().client.send({ path: '/' });
    expect([missing.status, missing.text, missing.headers.get('x-before')]).to.deep.equal([
      400,
      'RequestRefusedError',
      'yes',
    ]);
    expect(seen[0]).to.be.an.instanceOf(FingerprintError);
    expect(seen[1]).to.be.an.instanceOf(RequestRefusedError);
  });

  it('is told to middleware before the guard by `c.error`', async () => {
    const errors: unknown[] = [];
    app.onError((_, c) => c.text('failed', 500));
    app.use(async (c, next) => {
      await next();
      errors.push(c.error?.message);
    });
    app.post('/', idempotency(options), () => {
      throw new Error(`run ${++runs}`);
    });
    await twice();
    expect(errors).to.deep.equal(['run 1', 'run 2']);
  });

  it('is none where a handler has written to the socket itself: the key is completed, and its duplicate is told', async () => {
    const past = new Hono<{ Bindings: HttpBindings }>();
    past.post('/', idempotency(options), (c) => {
      runs += 1;
      c.env.outgoing.writeHead(201, { 'X-Past': 'yes' }).end('past Hono');
      return RESPONSE_ALREADY_SENT;
    });
    server().handler = past.fetch as never;
    expect(await twice()).to.deep.include({ statuses: [201, 410], runs: 1 });
  });
});
