import { expect } from 'chai';
import { type Context, Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { ClaimLostError, currentExecution, InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/hono';
import { type Deferred, defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { serving } from './support/serving.js';

describe('a client of Hono that hangs up', () => {
  const server = serving();
  let keys = 0;
  let app: Hono;
  let sent: { path: string; key: string; body: object };

  beforeEach(() => {
    keys += 1;
    sent = { path: '/', key: `hang-up-${keys}`, body: {} };
    app = new Hono();
    app.get('/', (c) => c.text('here'));
    server().handler = app.fetch;
  });

  const guarded = (options = {}) => idempotency({ store: new InMemoryStore(), scope: 'public', ...options });

  /** The server has heard of a closed connection once it has answered another request. */
  const heard = async () => void (await server().client.send({ method: 'GET', path: '/' }));

  const outcome = () =>
    until('the first request ends', async () => {
      const answer = await server().client.send(sent);
      return answer.status === 409 ? undefined : answer;
    });

  it('does not abort the signal of the request, nor what has it', async () => {
    const begun = defer<AbortSignal>();
    const held = defer();
    let unguarded: AbortSignal | undefined;
    app.use(async (c, next) => {
      unguarded = c.req.raw.signal;
      await next();
    });
    app.post('/', guarded(), async (c) => {
      begun.resolve(c.req.raw.signal);
      await held.promise;
      return c.json({
        aborted: c.req.raw.signal.aborted,
        same: c.req.raw.signal === currentExecution().signal,
      });
    });
    const request = server().client.open(sent);
    const signal = await begun.promise;
    const left = unguarded as AbortSignal;
    request.hangUp();
    await until('the server hears of it', () => left.aborted);
    expect(signal.aborted).to.equal(false);
    held.resolve();
    const { json, headers } = await outcome();
    expect(json).to.deep.equal({ aborted: false, same: true });
    expect(headers.get('idempotency-replayed')).to.equal('true');
  });

  type Write = (text: string) => Promise<unknown>;
  type Streaming = (
    c: Context,
    work: (write: Write, onAbort: (listener: () => void) => void) => Promise<void>,
  ) => Response;
  const ways: Record<string, readonly [streaming: Streaming, shown: (text: string) => string]> = {
    stream: [
      (c, work) =>
        stream(c, (api) =>
          work(
            (text) => api.write(text),
            (listener) => api.onAbort(listener),
          ),
        ),
      (text) => text,
    ],
    streamText: [
      (c, work) =>
        streamText(c, (api) =>
          work(
            (text) => api.write(text),
            (listener) => api.onAbort(listener),
          ),
        ),
      (text) => text,
    ],
    streamSSE: [
      (c, work) =>
        streamSSE(c, (api) =>
          work(
            (data) => api.writeSSE({ data }),
            (listener) => api.onAbort(listener),
          ),
        ),
      (text) => `data: ${text}\n\n`,
    ],
  };

  for (const [name, [streaming, shown]] of Object.entries(ways)) {
    it(`in the middle of ${name}(): the work goes on, and its retry gets all of it`, async () => {
      const gates: Deferred<void>[] = [defer(), defer()];
      let aborts = 0;
      app.post('/', guarded(), (c) =>
        streaming(c, async (write, onAbort) => {
          onAbort(() => {
            aborts += 1;
          });
          await write('one');
          await gates[0]?.promise;
          await write('two');
          await gates[1]?.promise;
          await write('three');
        }),
      );
      const answer = await server().client.open(sent).head;
      await answer.until(shown('one').length);
      answer.hangUp();
      await heard();
      gates[0]?.resolve();
      await heard();
      gates[1]?.resolve();
      const { status, text, headers } = await outcome();
      expect([status, text]).to.deep.equal([200, ['one', 'two', 'three'].map(shown).join('')]);
      expect(headers.get('idempotency-replayed')).to.equal('true');
      expect(aborts).to.equal(0);
    });

    it(`of ${name}() whose key is lost: the handler is told, and the connection is destroyed`, async () => {
      const told = defer();
      app.post('/', guarded({ lease: '200ms', renewFor: '200ms' }), (c) =>
        streaming(c, async (write, onAbort) => {
          onAbort(() => told.resolve());
          await write('one');
          await told.promise;
        }),
      );
      const answer = await server().client.open(sent).head;
      expect(await answer.ended).to.equal(false);
      await told.promise;
    });
  }

  it('and the key is lost before the handler returns: its signal says so, and the client is told', async () => {
    const reasons: unknown[] = [];
    const never = defer<Response>();
    app.post('/', guarded({ lease: '200ms', renewFor: '200ms' }), (c) => {
      c.req.raw.signal.addEventListener('abort', () => reasons.push(c.req.raw.signal.reason));
      return never.promise;
    });
    const { status, json, headers } = await server().client.send(sent);
    expect([status, json.type, headers.get('retry-after')]).to.deep.equal([
      409,
      'urn:retrysafe:problem:claim-lost',
      '1',
    ]);
    expect(reasons[0]).to.be.an.instanceOf(ClaimLostError);
    never.resolve(new Response());
  });

  it('keeps a platform alive by `waitUntil` where it has that', async () => {
    const waiting: Promise<unknown>[] = [];
    const context = {
      waitUntil: (work: Promise<unknown>) => waiting.push(work),
      passThroughOnException() {},
    };
    const held = defer();
    const asked: unknown[] = [];
    app.post('/', guarded(), (c) => {
      asked.push(c.executionCtx);
      return stream(c, async (api) => {
        await api.write('one');
        await held.promise;
        await api.write('two');
      });
    });
    const init = { method: 'POST', body: '{}', headers: { 'idempotency-key': 'k' } };
    const response = await app.request('/', init, {}, context as never);
    await response.body?.cancel();
    let isOver = false;
    const over = waiting[0]?.then(() => {
      isOver = true;
    });
    expect([waiting.length, isOver]).to.deep.equal([1, false]);
    held.resolve();
    await over;
    const replay = await app.request('/', init, {}, context as never);
    expect([await replay.text(), replay.headers.get('idempotency-replayed')]).to.deep.equal([
      'onetwo',
      'true',
    ]);
    expect(asked).to.deep.equal([context]);
  });
});
