import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { type Deferred, defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { type GuardedServer, guardedServer, rawRequest } from './suite/node-server.js';
import { callsBackFirst } from './support/calls-back-first.js';

/** More than the buffers of a connection hold. */
const LARGE = 64;
const part = 'x'.repeat(262_144);

describe('a client of a server of Node.js that hangs up', () => {
  let bench: GuardedServer;
  let keys = 0;

  before(async () => {
    bench = await guardedServer({ maxBody: 100_000_000 });
  });
  after(() => bench.close());

  const newKey = () => {
    keys += 1;
    return `hang-ups-${keys}`;
  };

  /** Resolves when the server knows that the client has gone. */
  const gone = (req: IncomingMessage) => once(req.socket, 'end').catch(() => {});

  /** Asks until the first request has ended. */
  const retried = (key: string) =>
    until('the first request ends', async () => {
      const answer = await bench.client.send({ key });
      return answer.status === 409 ? undefined : answer;
    });

  /** Sends a request whose client goes away without reading, once the handler waits for it. */
  async function hangUpOn(write: (res: ServerResponse, gate: Deferred<void>) => unknown) {
    const key = newKey();
    const gate = defer();
    const waiting = defer<IncomingMessage>();
    bench.handle(async (req, res) => {
      waiting.resolve(req);
      await write(res, gate);
    });
    const connection = await bench.raw(rawRequest(key));
    connection.socket.pause();
    const left = gone(await waiting.promise);
    connection.socket.destroy();
    await left;
    gate.resolve();
    const answer = await retried(key);
    expect(bench.runs).to.equal(1);
    expect(answer.headers.get('idempotency-replayed')).to.equal('true');
    return answer;
  }

  const parts = async function* (gate?: Deferred<void>) {
    for (let index = 0; index < LARGE; index += 1) {
      if (index === 2) await gate?.promise;
      yield part;
    }
  };

  for (const [what, write] of [
    [
      'pipe',
      (res: ServerResponse, gate: Deferred<void>) => {
        Readable.from(parts(gate)).pipe(res);
      },
    ],
    [
      'pipeline',
      async (res: ServerResponse, gate: Deferred<void>) => pipeline(Readable.from(parts(gate)), res),
    ],
    [
      'pipeline of a generator',
      async (res: ServerResponse, gate: Deferred<void>) => pipeline(parts(gate), res),
    ],
    [
      'a web stream',
      async (res: ServerResponse, gate: Deferred<void>) =>
        ReadableStream.from(parts(gate)).pipeTo(Writable.toWeb(res) as WritableStream<string>),
    ],
    [
      'a wait for drain',
      async (res: ServerResponse) => {
        for await (const text of parts()) if (!res.write(text)) await once(res, 'drain');
        res.end();
      },
    ],
    [
      'a wait for each write',
      async (res: ServerResponse) => {
        for await (const text of parts())
          await new Promise<void>((resolve, reject) =>
            res.write(text, (error) => (error ? reject(error) : resolve())),
          );
        await new Promise<void>((resolve) => res.end(() => resolve()));
      },
    ],
  ] as const)
    it(`does not stop ${what}`, async () => {
      const { text } = await hangUpOn(write);
      expect(text.length).to.equal(LARGE * part.length);
    });

  it('leaves the response as if it were open, until that has ended', async () => {
    const seen: unknown[] = [];
    const events: string[] = [];
    const closed = defer();
    await hangUpOn(async (res, gate) => {
      for (const name of ['close', 'finish', 'error', 'aborted']) {
        res.on(name, () => events.push(name));
        res.req.on(name, () => events.push(`request ${name}`));
      }
      res.on('close', () => closed.resolve());
      await gate.promise;
      seen.push(res.destroyed, res.closed, res.writable, res.errored, res.writableNeedDrain);
      seen.push(res.socket?.writable, res.req.destroyed, ...events);
      res.write('one');
      res.end('two', () => events.push('ended'));
    });
    expect(seen).to.deep.equal([false, false, true, null, false, true, false]);
    await closed.promise;
    const finished = (await callsBackFirst()) ? ['ended', 'finish'] : ['finish', 'ended'];
    expect(events.filter((name) => !name.startsWith('request'))).to.deep.equal([...finished, 'close']);
  });

  it('lets a handler read the request all the same', async () => {
    const key = newKey();
    const gate = defer();
    const waiting = defer<IncomingMessage>();
    bench.handle(async (req, res) => {
      waiting.resolve(req);
      await gate.promise;
      let body = '';
      for await (const chunk of req) body += chunk;
      res.end(body);
    });
    const connection = await bench.raw(rawRequest(key, { body: 'all of it' }));
    const left = gone(await waiting.promise);
    connection.socket.destroy();
    await left;
    gate.resolve();
    const answer = await until('the first request ends', async () => {
      const retry = await bench.client.send({ key, body: 'all of it', headers: { 'content-type': '' } });
      return retry.status === 409 ? undefined : retry;
    });
    expect([answer.text, bench.runs]).to.deep.equal(['all of it', 1]);
  });

  it('leaves the connection as if it were open for a handler that has read its request', async () => {
    const key = newKey();
    const gate = defer();
    const waiting = defer<IncomingMessage>();
    const seen: unknown[] = [];
    const closed = defer();
    bench.handle(async (req, res) => {
      for await (const _ of req);
      waiting.resolve(req);
      await gate.promise;
      seen.push(req.socket.destroyed);
      // As NestJS does, to give up a file that nobody takes.
      req.socket.once('close', () => {
        seen.push(res.writableFinished);
        closed.resolve();
      });
      res.end('made');
    });
    const connection = await bench.raw(rawRequest(key, { body: 'all of it' }));
    const { socket } = await waiting.promise;
    connection.socket.destroy();
    await until('the connection is gone', () => socket.destroyed);
    gate.resolve();
    await closed.promise;
    expect(seen).to.deep.equal([false, true]);
  });

  it('is told apart from one that resets the connection by nothing', async () => {
    const key = newKey();
    const gate = defer();
    const waiting = defer<IncomingMessage>();
    bench.handle(async (req, res) => {
      waiting.resolve(req);
      res.write('begun');
      await gate.promise;
      expect(res.write('more')).to.equal(true);
      res.end();
    });
    const connection = await bench.raw(rawRequest(key));
    await connection.until('begun');
    const { socket } = await waiting.promise;
    const closed = once(socket, 'error').catch(() => {});
    connection.socket.resetAndDestroy();
    await closed;
    gate.resolve();
    const { text } = await retried(key);
    expect([text, bench.runs]).to.deep.equal(['begunmore', 1]);
  });

  it('before the claim is made gets a run, whose answer its retry gets', async () => {
    const key = newKey();
    bench.handle((_req, res) => res.end('made'));
    const { store } = bench;
    const claim = store.claim;
    const claimed = defer();
    const open = defer();
    store.claim = async (record, now) => {
      claimed.resolve();
      await open.promise;
      return claim.call(store, record, now);
    };
    const connected = once(bench.server, 'connection');
    try {
      const connection = await bench.raw(rawRequest(key));
      const [socket] = await connected;
      await claimed.promise;
      const left = once(socket, 'end');
      connection.socket.destroy();
      await left;
    } finally {
      store.claim = claim;
      open.resolve();
    }
    const { text, headers } = await retried(key);
    expect([text, headers.get('idempotency-replayed'), bench.runs]).to.deep.equal(['made', 'true', 1]);
  });

  it('while others wait behind it on its connection stops none of them', async () => {
    const first = newKey();
    const second = newKey();
    const gate = defer();
    const both = defer();
    let begun = 0;
    let request: IncomingMessage | undefined;
    bench.handle(async (req, res) => {
      begun += 1;
      request = req;
      if (begun === 2) both.resolve();
      for await (const text of parts(gate)) if (!res.write(text)) await once(res, 'drain');
      res.end();
    });
    const connection = await bench.raw(rawRequest(first) + rawRequest(second));
    connection.socket.pause();
    await both.promise;
    const left = gone(request as unknown as IncomingMessage);
    connection.socket.destroy();
    await left;
    gate.resolve();
    for (const key of [first, second]) expect((await retried(key)).text.length).to.equal(LARGE * part.length);
    expect(bench.runs).to.equal(2);
  });
});
