import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { expect } from 'chai';
import { ConfigurationError } from 'retrysafe';
import { HttpGuard } from 'retrysafe/http';
import { nodeRequest } from 'retrysafe/http/node';
import { HttpClient } from './suite/http-client.js';
import { type GuardedServer, guardedServer, rawRequest } from './suite/node-server.js';

/** The ways in which a handler or a parser reads a request. */
const readers: Readonly<Record<string, (req: IncomingMessage) => Promise<string>>> = {
  'by its events': (req) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk) => chunks.push(chunk));
      req.on('end', () => resolve(String(Buffer.concat(chunks))));
    }),
  'by `readable`': (req) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      req.on('readable', () => {
        for (let chunk = req.read(); chunk !== null; chunk = req.read()) chunks.push(chunk);
      });
      req.on('end', () => resolve(String(Buffer.concat(chunks))));
    }),
  'by iteration': async (req) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    return String(Buffer.concat(chunks));
  },
  'by a pipe': (req) => textOf(req.pipe(new PassThrough())),
  'by a decoder': (req) => {
    req.setEncoding('utf8');
    return textOf(req);
  },
};

describe('a request of Node.js, before and after the guard', () => {
  let bench: GuardedServer;
  let keys = 0;

  before(async () => {
    bench = await guardedServer({ maxRequest: 1_000_000 });
  });
  after(() => bench.close());

  const newKey = () => {
    keys += 1;
    return `requests-${keys}`;
  };

  for (const [how, read] of Object.entries(readers))
    for (const [what, body] of [
      ['one part', 'é€😀'],
      ['many parts', 'é€😀'.repeat(60_000)],
      ['none', ''],
    ] as const)
      for (const isChunked of [false, true])
        it(`can be read ${how}: ${what}${isChunked ? ', of unknown length' : ''}`, async () => {
          const key = newKey();
          bench.handle(async (req, res) => {
            const seen = await read(req);
            res.end(String(seen === body && req.complete));
          });
          const bytes = Buffer.from(body);
          const request = () => {
            if (!isChunked)
              return rawRequest(key, { body: bytes.toString('latin1') }).replace(
                /Length: \d+/,
                `Length: ${bytes.length}`,
              );
            const head = rawRequest(key, { more: 'Transfer-Encoding: chunked\r\n' });
            // In the middle of a character.
            const parts = [bytes.subarray(0, 1), bytes.subarray(1)].filter((part) => part.length > 0);
            return `${head}${parts.map((part) => `${part.length.toString(16)}\r\n${part.toString('latin1')}\r\n`).join('')}0\r\n\r\n`;
          };
          const connection = await bench.raw();
          for (const marker of [/\r\n\r\ntrue$/, /Idempotency-Replayed: true\r\n[\s\S]*\r\n\r\ntrue$/]) {
            connection.socket.write(Buffer.from(request(), 'latin1'));
            await connection.until(marker);
          }
          connection.socket.destroy();
          expect(bench.runs).to.equal(1);
        });

  it('is compared by its bytes, wherever they are cut', async () => {
    const key = newKey();
    bench.handle((_req, res) => res.end('made'));
    const statuses = [];
    for (const parts of [['ab', 'cd'], ['abcd'], ['abc', 'e']]) {
      const connection = await bench.raw(rawRequest(key, { more: 'Transfer-Encoding: chunked\r\n' }));
      for (const part of parts) {
        connection.socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      connection.socket.write('0\r\n\r\n');
      await connection.until(/\r\n\r\n(made|{)/);
      statuses.push(/HTTP\/1.1 (\d+)/.exec(connection.received())?.[1]);
      connection.socket.destroy();
    }
    expect(statuses).to.deep.equal(['200', '200', '422']);
  });

  it('that something has read, and kept nothing of, is refused', async () => {
    const guard = new HttpGuard<IncomingMessage>(
      { store: bench.store, scope: 'public' },
      { where: 'spec', isRequired: true },
    );
    const answers: unknown[] = [];
    const server = createServer(async (req, res) => {
      await textOf(req);
      const answer = await guard.perform(nodeRequest(req), [req], () => {
        throw new Error('it ran');
      });
      answers.push(answer.from === 'guard' && answer.error);
      res.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new HttpClient((server.address() as AddressInfo).port);
    await client.send({ key: newKey(), body: 'x' });
    client.close();
    server.close();
    expect(answers[0])
      .to.be.instanceOf(ConfigurationError)
      .with.property('message')
      .that.matches(/put the guard before what reads it/);
  });

  it('is continued for a client that waits for that', async () => {
    const key = newKey();
    bench.handle(async (req, res) => res.end(await textOf(req)));
    const body = 'after 100';
    const head = rawRequest(key, { body, more: 'Expect: 100-continue\r\n' }).slice(0, -body.length);
    const connection = await bench.raw(head);
    await connection.until('HTTP/1.1 100 Continue\r\n\r\n');
    connection.socket.write(body);
    await connection.until(/\r\n\r\nafter 100$/);
    connection.socket.destroy();
  });

  it('that ends too soon runs nothing', async () => {
    const key = newKey();
    let seen: IncomingMessage | undefined;
    const requested = once(bench.server, 'request').then(([req]) => {
      seen = req;
    });
    bench.handle((_req, res) => res.end('made'));
    const connection = await bench.raw(
      rawRequest(key, { body: 'x', more: '' }).replace('Length: 1', 'Length: 10'),
    );
    await requested;
    const closed = new Promise((resolve) => seen?.on('close', resolve));
    connection.socket.destroy();
    await closed;
    await bench.client.send({ method: 'GET' });
    expect(bench.runs).to.equal(0);
    expect(bench.errors).to.have.lengthOf(1);
    expect(bench.errors[0]).to.include({ code: 'ECONNABORTED', status: 400 });
    expect((await bench.client.send({ key, body: 'x'.repeat(10) })).text).to.equal('made');
  });

  it('may have a body of the largest length, and no larger one', async () => {
    bench.handle((_req, res) => res.end('made'));
    const send = (length: number) => bench.client.send({ key: newKey(), body: 'x'.repeat(length) });
    expect((await send(1_000_000)).status).to.equal(200);
    expect((await send(1_000_001)).status).to.equal(413);
  });
});
