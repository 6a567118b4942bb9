import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { type GuardedServer, guardedServer, rawRequest } from './suite/node-server.js';

describe('a connection to a server of Node.js', () => {
  let bench: GuardedServer;
  let keys = 0;

  beforeEach(async () => {
    bench = await guardedServer({ lease: '60s' });
  });
  afterEach(() => bench.close());

  const newKey = () => {
    keys += 1;
    return `connections-${keys}`;
  };

  describe('goes on', () => {
    it('after replays, refusals and bodies that nobody read', async () => {
      const [one, other] = [newKey(), newKey()];
      bench.handle((_req, res) => res.end('made'));
      const connection = await bench.raw();
      let sent = 0;
      const answered = async (request: string, status: number) => {
        sent += 1;
        connection.socket.write(request);
        await connection.until(
          new RegExp(`(HTTP/1\\.1 [^]*){${sent}}\\r\\n\\r\\n(made|{.*})$`.replace('[^]', '[\\s\\S]')),
        );
        const statuses = [...connection.received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) =>
          Number(code),
        );
        expect(statuses[sent - 1], connection.received()).to.equal(status);
      };
      await answered(rawRequest(one, { body: 'x'.repeat(100_000) }), 200);
      await answered(rawRequest(one, { body: 'x'.repeat(100_000) }), 200);
      await answered(rawRequest(one, { body: 'y'.repeat(100_000) }), 422);
      await answered(rawRequest('', { body: 'x' }), 400);
      await answered(rawRequest(other, { body: 'x'.repeat(2_000_000) }), 413);
      const chunk = `${(1_500_000).toString(16)}\r\n${'x'.repeat(1_500_000)}\r\n0\r\n\r\n`;
      await answered(`${rawRequest(other, { more: 'Transfer-Encoding: chunked\r\n' })}${chunk}`, 413);
      await answered(rawRequest(other), 200);
      connection.socket.destroy();
    });

    it('with requests that were sent before the first was answered, in their order', async () => {
      const gates = new Map([
        ['/1', defer()],
        ['/2', defer()],
        ['/3', defer()],
      ]);
      bench.handle(async (req, res) => {
        await gates.get(req.url as string)?.promise;
        if (req.url === '/2') res.write('streamed ');
        res.end(`made ${req.url};`);
      });
      const requests = [...gates.keys()].map((path) => rawRequest(newKey(), { path }));
      const connection = await bench.raw(requests.join(''));
      for (const path of ['/3', '/2', '/1']) gates.get(path)?.resolve();
      await connection.until('made /3;');
      expect(connection.received().match(/made \/\d/g)).to.deep.equal(['made /1', 'made /2', 'made /3']);
      connection.socket.destroy();
    });
  });

  describe('that the handler breaks', () => {
    for (const [what, write] of [
      ['by its response', (res: ServerResponse) => void res.destroy()],
      ['by the error of its response', (res: ServerResponse) => void res.destroy(new Error('broken'))],
      ['by its socket', (res: ServerResponse) => void res.req.socket.destroy()],
      [
        'by a stream that fails',
        (res: ServerResponse) => pipeline(Readable.from(failing()), res).catch(() => {}),
      ],
    ] as const)
      for (const [when, begin] of [
        ['before it has begun', () => {}],
        ['after it has begun', (res: ServerResponse) => void res.write('begun')],
      ] as const)
        it(`${what}, ${when}, ends badly, and the key is free`, async () => {
          const key = newKey();
          bench.handle((_req, res) => {
            begin(res);
            return write(res);
          });
          for (const run of [1, 2]) {
            const connection = await bench.raw(rawRequest(key));
            await connection.closed;
            expect(connection.received()).not.to.include('\r\n0\r\n');
            await until('the run is given up', () => bench.runs === run);
          }
          expect(bench.errors).to.deep.equal([]);
        });

    it('is answered by the framework where it fails before it has begun', async () => {
      const key = newKey();
      const error = new Error('no');
      for (const handler of [
        () => Promise.reject(error),
        () => {
          throw error;
        },
      ]) {
        bench.handle(handler);
        expect((await bench.client.send({ key })).status).to.equal(500);
        expect(bench.errors).to.deep.equal([error]);
      }
    });

    it('is destroyed where it fails in the middle', async () => {
      const key = newKey();
      bench.handle(async (_req, res) => {
        await new Promise((resolve) => res.write('begun', resolve));
        throw new Error('no');
      });
      const connection = await bench.raw(rawRequest(key));
      await connection.closed;
      expect(connection.received()).to.match(/begun\r\n$/);
    });
  });

  describe('whose handler fails after the end', () => {
    it('sends what it made first', async () => {
      const key = newKey();
      const error = new Error('no');
      const gate = bench.store.hold();
      bench.handle(async (req, res) => {
        res.end('made');
        // As Express does, whose error handling finds that the head was sent.
        req.socket.destroy();
        throw error;
      });
      const connection = await bench.raw(rawRequest(key));
      await gate.isReached;
      gate.release();
      await connection.closed;
      expect(connection.received()).to.match(/Connection: close\r\n[\s\S]*\r\n\r\nmade$/);
      expect(bench.errors).to.deep.equal([error]);
      const { text, headers } = await bench.client.send({ key });
      expect([text, headers.get('idempotency-replayed'), bench.runs]).to.deep.equal(['made', 'true', 1]);
    });

    it('sends the end of a stream first', async () => {
      const key = newKey();
      const gate = bench.store.hold();
      bench.handle(async (req, res) => {
        res.write('begun ');
        res.end('made');
        req.socket.destroy();
      });
      const connection = await bench.raw(rawRequest(key));
      await gate.isReached;
      gate.release();
      await connection.closed;
      expect(connection.received()).to.match(/made\r\n0\r\n\r\n$/);
    });
  });

  describe('of a server that closes', () => {
    it('is not closed before an answer that waits for its record', async () => {
      const key = newKey();
      const gate = bench.store.hold();
      bench.handle((_req, res) => res.end('made'));
      const connection = await bench.raw(rawRequest(key));
      await gate.isReached;
      const closed = once(bench.server, 'close');
      bench.server.close();
      gate.release();
      await connection.until('made');
      await connection.closed;
      await closed;
    });

    it('closes by force, and its key is held as long as its handler runs', async () => {
      const key = newKey();
      const begun = defer<ServerResponse>();
      bench.handle((_req, res) => begun.resolve(res));
      const connection = await bench.raw(rawRequest(key));
      const res = await begun.promise;
      bench.server.close();
      bench.server.closeAllConnections();
      await connection.closed;
      const again = await guardedServer({ store: bench.store });
      try {
        expect((await again.client.send({ key })).status).to.equal(409);
        res.end('made');
        const retry = await until('it has ended', async () => {
          const answer = await again.client.send({ key });
          return answer.status === 409 ? undefined : answer;
        });
        expect([retry.text, again.runs, bench.runs]).to.deep.equal(['made', 0, 1]);
      } finally {
        await again.close();
      }
    });

    it('closes by force an answer that waits for its record', async () => {
      const gate = bench.store.hold();
      bench.handle((_req, res) => res.end('made'));
      const connection = await bench.raw(rawRequest(newKey()));
      await gate.isReached;
      bench.server.close();
      bench.server.closeAllConnections();
      await connection.closed;
      expect(connection.received()).to.equal('');
      gate.release();
    });
  });

  it('that times out frees no key', async () => {
    const key = newKey();
    const begun = defer<[IncomingMessage, ServerResponse]>();
    bench.handle((req, res) => {
      // Node.js destroys it then, in the context of the handler.
      res.setTimeout(20);
      begun.resolve([req, res]);
    });
    const connection = await bench.raw(rawRequest(key));
    const [, res] = await begun.promise;
    await connection.closed;
    expect((await bench.client.send({ key })).status).to.equal(409);
    res.end('made');
    const retry = await until('it has ended', async () => {
      const answer = await bench.client.send({ key });
      return answer.status === 409 ? undefined : answer;
    });
    expect([retry.text, bench.runs]).to.deep.equal(['made', 1]);
  });

  it('of a run that lost its key outlives what its handler still does', async () => {
    const short = await guardedServer({ lease: '200ms', renewFor: '200ms' });
    try {
      const key = newKey();
      const late = defer();
      const done = defer();
      short.handle(async (req, res) => {
        await late.promise;
        // The error handling of Express does that after the head was sent.
        req.socket.destroy();
        res.destroy();
        done.resolve();
      });
      const connection = await short.raw(rawRequest(key));
      await connection.until('claim-lost');
      late.resolve();
      await done.promise;
      short.handle((_req, res) => res.end('made'));
      connection.socket.write(rawRequest(newKey()));
      await connection.until('made');
      connection.socket.destroy();
    } finally {
      await short.close();
    }
  });
});

async function* failing(): AsyncGenerator<string> {
  yield 'part';
  throw new Error('the source broke');
}
