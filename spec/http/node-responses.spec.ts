import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { defer } from '../support/defer.js';
import { type GuardedServer, guardedServer, type NodeHandler } from './suite/node-server.js';
import { callsBackFirst } from './support/calls-back-first.js';

describe('a response of Node.js, while a guard holds it', () => {
  let bench: GuardedServer;
  let keys = 0;

  before(async () => {
    bench = await guardedServer({}, (_req, res) => res.setHeader('X-Before', 'yes'));
  });
  after(() => bench.close());

  /** Sends a request twice, and returns both answers. */
  async function twice(handler: NodeHandler) {
    keys += 1;
    const sent = { key: `responses-${keys}`, body: 'x' };
    bench.handle(handler);
    const first = await bench.client.send(sent);
    const second = await bench.client.send(sent);
    expect(bench.runs).to.equal(1);
    expect(second.headers.get('idempotency-replayed')).to.equal('true');
    return [first, second];
  }

  /** Calls the handler, which may look at its response, and returns what it returned. */
  async function look<T>(body: (res: ServerResponse) => T | Promise<T>): Promise<T> {
    keys += 1;
    const seen = defer<T>();
    bench.handle(async (_req, res) => {
      try {
        seen.resolve(await body(res));
      } catch (error) {
        seen.reject(error);
      }
    });
    await bench.client.send({ key: `responses-${keys}`, body: 'x' });
    return seen.promise;
  }

  describe('writeHead', () => {
    for (const [what, args, lines] of [
      ['a status', [202], []],
      ['a reason', [202, 'Taken'], []],
      ['headers', [202, { 'X-One': '1', 'X-Two': ['2', '3'] }], ['x-one: 1', 'x-two: 2', 'x-two: 3']],
      ['a reason and headers', [202, 'Taken', { 'X-One': '1' }], ['x-one: 1']],
      ['a reason, nothing and headers', [202, undefined, { 'X-One': '1' }], ['x-one: 1']],
      ['a flat list', [202, ['X-One', '1', 'x-one', '2', 'X-Two', 3]], ['x-one: 1', 'x-one: 2', 'x-two: 3']],
      [
        'a list of pairs',
        [
          202,
          [
            ['X-One', '1'],
            ['X-Two', '2'],
          ],
        ],
        ['x-one: 1', 'x-two: 2'],
      ],
    ] as const)
      it(`takes ${what}`, async () => {
        const answers = await twice((_req, res) => {
          const returned = (res.writeHead as (...all: readonly unknown[]) => unknown)(...args);
          expect(returned).to.equal(res);
          res.end('made');
        });
        for (const { status, text, headers } of answers) {
          expect([status, text]).to.deep.equal([202, 'made']);
          const own = headers.lines.filter(([name]) => /^x-(one|two)$/.test(name));
          expect(own.map(([name, value]) => `${name}: ${value}`)).to.deep.equal(lines);
        }
      });

    it('adds to the headers that were set, and replaces those', async () => {
      for (const { headers } of await twice((_req, res) => {
        res.setHeader('X-One', 'set');
        res.setHeader('X-Two', 'set');
        res.writeHead(200, { 'x-two': 'given' }).end();
      }))
        expect([headers.get('x-one'), headers.get('x-two')]).to.deep.equal(['set', 'given']);
    });

    it('throws what it throws without a guard', async () => {
      const codes = await look((res) => {
        const codeOf = (...args: unknown[]) => {
          try {
            (res.writeHead as (...all: unknown[]) => unknown)(...args);
            return 'none';
          } catch (error) {
            return (error as { code: string }).code;
          }
        };
        const found = [
          codeOf(99),
          codeOf(1000),
          codeOf('text'),
          codeOf(200, 'bad\n'),
          codeOf(200, { 'X-One': 'bad\n' }),
          codeOf(200, { 'X One': '1' }),
          codeOf(200, { 'X-One': undefined }),
          codeOf(200, ['X-One']),
        ];
        res.statusMessage = 'fine';
        res.writeHead(200);
        found.push(codeOf(200));
        res.end();
        found.push(codeOf(200));
        return found;
      });
      expect(codes).to.deep.equal([
        'ERR_HTTP_INVALID_STATUS_CODE',
        'ERR_HTTP_INVALID_STATUS_CODE',
        'ERR_HTTP_INVALID_STATUS_CODE',
        'ERR_INVALID_CHAR',
        'ERR_INVALID_CHAR',
        'ERR_INVALID_HTTP_TOKEN',
        'ERR_HTTP_INVALID_HEADER_VALUE',
        'ERR_INVALID_ARG_VALUE',
        'ERR_HTTP_HEADERS_SENT',
        'ERR_HTTP_HEADERS_SENT',
      ]);
    });

    it('fixes the status, whatever is set later', async () => {
      for (const { status } of await twice((_req, res) => {
        res.writeHead(201);
        res.statusCode = 500;
        res.end();
      }))
        expect(status).to.equal(201);
    });
  });

  it('looks like one that was sent, until it has been', async () => {
    const seen = await look((res) => {
      const facts = () => [
        res.headersSent,
        res.writableEnded,
        res.finished,
        res.writableFinished,
        res.destroyed,
        res.closed,
        res.writable,
      ];
      const fresh = facts();
      res.writeHead(200);
      const begun = facts();
      res.end('made');
      const ended = facts();
      const codes = [
        () => res.setHeader('X-Late', '1'),
        () => res.appendHeader('X-Late', '1'),
        () => res.removeHeader('X-Late'),
        () => res.writeHead(200),
      ].map((late) => {
        try {
          late();
          return 'none';
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      return { fresh, begun, ended, codes };
    });
    expect(seen).to.deep.equal({
      fresh: [false, false, false, false, false, false, true],
      begun: [true, false, false, false, false, false, true],
      ended: [true, true, true, false, false, false, true],
      codes: Array(4).fill('ERR_HTTP_HEADERS_SENT'),
    });
  });

  it('tells its events and callbacks once it has been sent', async () => {
    keys += 1;
    const events: string[] = [];
    const closed = defer();
    const gate = bench.store.hold();
    bench.handle((_req, res) => {
      for (const name of ['prefinish', 'finish', 'close']) res.on(name, () => events.push(name));
      res.on('close', () => closed.resolve());
      res.end('made', 'utf8', () => events.push('callback of end'));
      res.end(() => events.push('callback of the second end'));
    });
    const answer = bench.client.send({ key: `responses-${keys}`, body: 'x' });
    await gate.isReached;
    expect(events).to.deep.equal([]);
    gate.release();
    expect((await answer).text).to.equal('made');
    await closed.promise;
    const callbacks = ['callback of end', 'callback of the second end'];
    const finished = (await callsBackFirst()) ? [...callbacks, 'finish'] : ['finish', ...callbacks];
    expect(events).to.deep.equal(['prefinish', ...finished, 'close']);
  });

  it('takes the callback of end in each place', async () => {
    for (const end of [
      (res: ServerResponse, done: () => void) => res.end(done),
      (res: ServerResponse, done: () => void) => res.end('made', done),
      (res: ServerResponse, done: () => void) => res.end('made', 'utf8', done),
    ])
      await look((res) => new Promise<void>((resolve) => end(res, resolve)));
  });

  it('tells of an end that comes too late, as without a guard', async () => {
    const codes = await look(async (res) => {
      const errors: unknown[] = [];
      const closed = new Promise((resolve) => res.on('close', resolve));
      res.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
      res.end('made');
      const written = new Promise((resolve) => expect(res.write('late', resolve)).to.equal(false));
      res.end('late');
      const late = await written;
      await closed;
      return [(late as NodeJS.ErrnoException).code, ...errors];
    });
    expect(codes).to.deep.equal(Array(3).fill('ERR_STREAM_WRITE_AFTER_END'));
  });

  it('refuses what is neither text nor bytes, as without a guard', async () => {
    const codes = await look((res) => {
      const found = [1, {}, null, undefined].map((chunk) => {
        try {
          res.write(chunk);
          return 'none';
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      try {
        res.end({});
      } catch (error) {
        found.push((error as { code: string }).code);
      }
      expect(res.headersSent).to.equal(false);
      res.end();
      return found;
    });
    expect(codes).to.deep.equal([
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_STREAM_NULL_VALUES',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
    ]);
  });

  it('records bytes in the encoding in which they were written', async () => {
    for (const { bytes } of await twice((_req, res) => {
      res.write('c3a9', 'hex');
      res.write('w6k=', 'base64');
      res.write('é', 'latin1');
      res.write(Buffer.from('é'));
      res.write(new Uint8Array([0, 255]));
      res.end('é', 'utf8');
    }))
      expect(bytes.toString('hex')).to.equal('c3a9c3a9e9c3a900ffc3a9');
    for (const { bytes } of await twice((_req, res) => res.end('e9ff', 'hex')))
      expect(bytes.toString('hex')).to.equal('e9ff');
  });

  it('sends a part that was held as it was written, though its buffer is used again', async () => {
    for (const { text } of await twice(async (_req, res) => {
      const buffer = Buffer.from('01234');
      res.setHeader('Content-Length', 10);
      for (const part of ['01234', '56789']) {
        buffer.write(part);
        await new Promise((resolve) => res.write(buffer, resolve));
      }
      buffer.fill('x');
      res.end();
    }))
      expect(text).to.equal('0123456789');
  });

  it('holds all of a response whose head is all of it', async () => {
    for (const [what, write] of [
      ['204', (res: ServerResponse) => void res.writeHead(204).write('ignored')],
      ['304', (res: ServerResponse) => void res.writeHead(304).flushHeaders()],
      [
        'no length',
        (res: ServerResponse) => {
          res.setHeader('Content-Length', 0);
          res.flushHeaders();
        },
      ],
    ] as const) {
      keys += 1;
      const sent = { key: `responses-${keys}`, body: 'x' };
      const gate = bench.store.hold();
      bench.handle((_req, res) => {
        write(res);
        res.end();
      });
      const request = bench.client.open(sent);
      await gate.isReached;
      expect((await bench.client.send(sent)).status).to.equal(409);
      expect(request.hasHead(), what).to.equal(false);
      gate.release();
      const first = await request.head;
      expect(await first.ended).to.equal(true);
      const second = await bench.client.send(sent);
      expect([second.status, second.text], what).to.deep.equal([first.status, '']);
    }
  });

  it('tells of each write that is held', async () => {
    const results = await look(async (res) => {
      res.setHeader('Content-Length', 3);
      const found: unknown[] = [];
      for (const chunk of ['a', 'b', 'c'])
        found.push(await new Promise((resolve) => expect(res.write(chunk, resolve)).to.equal(true)));
      res.end();
      return found;
    });
    for (const result of results) expect(result ?? null).to.equal(null);
  });

  it('begins a stream with flushHeaders', async () => {
    keys += 1;
    const sent = { key: `responses-${keys}`, body: 'x' };
    const end = defer();
    bench.handle(async (_req, res) => {
      res.writeHead(200, { 'X-One': '1' });
      res.flushHeaders();
      await end.promise;
      res.end('made');
    });
    const answer = await bench.client.open(sent).head;
    expect(answer.headers.get('x-one')).to.equal('1');
    end.resolve();
    expect(await answer.ended).to.equal(true);
    const { text, headers } = await bench.client.send(sent);
    expect([text, headers.get('transfer-encoding')]).to.deep.equal(['made', 'chunked']);
  });

  it('sends informational answers at once', async () => {
    keys += 1;
    const end = defer();
    bench.handle(async (_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' });
      res.writeProcessing();
      await end.promise;
      res.end('made');
    });
    const connection = await bench.raw(
      `POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: responses-${keys}\r\n\r\n`,
    );
    await connection.until('102 Processing');
    expect(connection.received()).to.match(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>/);
    end.resolve();
    await connection.until('made');
    connection.socket.destroy();
  });

  it('sends trailers, which are not recorded', async () => {
    keys += 1;
    bench.handle((_req, res) => {
      res.writeHead(200, { Trailer: 'X-Sum' });
      res.write('made');
      res.addTrailers({ 'X-Sum': '4' });
      res.end();
    });
    const request = `POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: responses-${keys}\r\n\r\n`;
    const connection = await bench.raw(request);
    await connection.until('0\r\nX-Sum: 4\r\n\r\n');
    connection.socket.write(request);
    await connection.until(/Idempotency-Replayed: true[\s\S]*4\r\nmade\r\n0\r\n\r\n/);
    connection.socket.destroy();
  });

  it('is replaced by a problem where the claim is lost before it was sent', async () => {
    const short = await guardedServer({ lease: '200ms', renewFor: '200ms' }, (_req, res) =>
      res.setHeader('X-Before', 'yes'),
    );
    try {
      const late = defer<ServerResponse>();
      short.handle((_req, res) => {
        res.statusCode = 201;
        res.setHeader('X-Before', 'changed');
        res.setHeader('X-One', '1');
        res.setHeader('Content-Length', 4);
        late.resolve(res);
      });
      const { status, json, headers } = await short.client.send({ key: 'lost', body: 'x' });
      expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:claim-lost']);
      expect([headers.get('x-before'), headers.get('x-one')]).to.deep.equal(['yes', undefined]);
      // What its handler still does concerns nobody, and breaks nothing.
      const res = await late.promise;
      expect(res.write('late')).to.equal(true);
      await new Promise<void>((resolve) => res.end('late', () => resolve()));
      res.destroy();
      expect((await short.client.send({ key: 'later', body: 'x' })).status).to.equal(409);
    } finally {
      await short.close();
    }
  });
});
