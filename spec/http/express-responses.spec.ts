import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { NextFunction } from 'express';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { until } from '../support/until.js';
import { framework, onEachExpress, type Request, type Response } from './suite/express-server.js';
import { isInstalled } from './suite/load.js';
import { rawConnection, rawRequest } from './suite/node-server.js';

describe('a response of Express', () => {
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `express-responses-${keys}`;
  };
  const folder = mkdtempSync(join(tmpdir(), 'retrysafe-'));
  const small = join(folder, 'small.txt');
  const large = join(folder, 'large.bin');
  before(() => {
    writeFileSync(small, 'small');
    writeFileSync(large, Buffer.alloc(16_000_000, 'x'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  onEachExpress((version, serve) => {
    describe('by each of its methods', () => {
      const answers: Readonly<Record<string, (req: Request, res: Response) => void>> = {
        json: (_req, res) => void res.status(201).json({ a: 1 }),
        send: (_req, res) => void res.send('<p>text</p>'),
        'send bytes': (_req, res) => void res.type('png').send(Buffer.from([0, 255])),
        'send nothing': (_req, res) => void res.send(),
        sendStatus: (_req, res) => void res.sendStatus(202),
        redirect: (_req, res) => void res.redirect('/elsewhere'),
        sendFile: (_req, res) => void res.sendFile(small),
        'sendFile with a callback': (_req, res) => void res.sendFile(small, () => {}),
        download: (_req, res) => void res.download(small, 'file.txt'),
        attachment: (_req, res) => void res.attachment('file.txt').send('text'),
        format: (_req, res) => void res.format({ text: () => res.send('text'), json: () => res.json({}) }),
        links: (_req, res) => void res.links({ next: '/2', last: '/3' }).append('Link', '</4>; rel=x').end(),
        vary: (_req, res) => void res.vary('X-One').set('ETag', '"a"').status(203).end('text'),
        jsonp: (_req, res) => void res.jsonp({ a: 1 }),
      };
      const bench = serve(({ app, guard }) => {
        app.use(
          (_req: Request, res: Response, next: NextFunction) => void next(res.vary('Origin') && undefined),
        );
        for (const [name, answer] of Object.entries(answers))
          app.post(`/${name.replaceAll(' ', '-')}`, guard(), answer);
      });

      for (const name of Object.keys(answers))
        it(`is recorded: ${name}`, async () => {
          const { client } = bench();
          const sent = {
            path: `/${name.replaceAll(' ', '-')}?callback=call`,
            key: newKey(),
            headers: { accept: 'text/plain' },
          };
          const first = await client.send(sent);
          expect(first.status).to.be.below(400);
          const second = await client.send(sent);
          expect(second.headers.get('idempotency-replayed')).to.equal('true');
          expect([second.status, second.bytes.toString('hex')]).to.deep.equal([
            first.status,
            first.bytes.toString('hex'),
          ]);
          const lines = (answer: typeof first) =>
            answer.headers.lines
              .filter(([line]) => !['date', 'idempotency-replayed'].includes(line))
              .map(String)
              .sort();
          expect(lines(second)).to.deep.equal(lines(first));
        });
    });

    describe('with a cookie', () => {
      const bench = serve(({ app, guard }) => {
        app.post(
          '/cookie',
          guard(),
          (_req: Request, res: Response) => void res.cookie('a', 'b').send('made'),
        );
      });

      it('gives it to the first client alone', async () => {
        const { client } = bench();
        const sent = { path: '/cookie', key: newKey() };
        expect((await client.send(sent)).headers.get('set-cookie')).to.equal('a=b; Path=/');
        expect((await client.send(sent)).headers.get('set-cookie')).to.equal(undefined);
      });
    });

    describe('that middleware changes at the last moment', () => {
      const bench = serve(({ app, guard }) => {
        /** As on-headers does, by which sessions and response times set headers. */
        const late = (name: string) => (_req: Request, res: Response, next: NextFunction) => {
          const { writeHead, end } = res;
          let calls = 0;
          res.writeHead = function (this: Response, ...args: Parameters<typeof writeHead>) {
            calls += 1;
            if (!this.headersSent) this.setHeader(name, calls);
            return writeHead.apply(this, args);
          } as typeof writeHead;
          res.end = function (this: Response, ...args: Parameters<typeof end>) {
            if (!this.headersSent) this.setHeader(`${name}-End`, '1');
            return end.apply(this, args);
          } as typeof end;
          next();
        };
        app.post(
          '/late',
          late('X-Outside'),
          guard(),
          late('X-Inside'),
          (_req: Request, res: Response) => void res.send('made'),
        );
        app.post(
          '/streamed',
          late('X-Outside'),
          guard(),
          late('X-Inside'),
          (_req: Request, res: Response) => {
            res.write('ma');
            res.end('de');
          },
        );
      });

      for (const path of ['/late', '/streamed'])
        it(`has what stands inside of the guard recorded, and what stands outside of it for each answer: ${path}`, async () => {
          const { client } = bench();
          const sent = { path, key: newKey() };
          for (const _ of [1, 2]) {
            const { headers, text } = await client.send(sent);
            expect(text).to.equal('made');
            expect([headers.get('x-inside'), headers.get('x-outside')]).to.deep.equal(['1', '1']);
          }
        });
    });

    describe('that is compressed', () => {
      before(function () {
        if (!isInstalled('frameworks'))
          pending(this, 'compression is not installed: npm run install:frameworks');
      });
      const text = 'to be compressed '.repeat(1_000);
      const bench = serve(({ app, guard }) => {
        if (!isInstalled('frameworks')) return;
        const compression = framework('compression');
        const made = (_req: Request, res: Response) => void res.type('text/plain').send(text);
        const streamed = (_req: Request, res: Response) => {
          res.type('text/plain');
          res.write(text.slice(0, 5_000));
          res.end(text.slice(5_000));
        };
        app.post('/outside', compression(), guard(), made);
        app.post('/outside/streamed', compression(), guard(), streamed);
        app.post('/inside', guard(), compression(), made);
        app.post('/inside/streamed', guard(), compression(), streamed);
      });

      const decoded = ({
        headers,
        bytes,
      }: {
        headers: { get(name: string): string | undefined };
        bytes: Buffer;
      }) => {
        const encoding = headers.get('content-encoding');
        if (encoding === 'gzip') return gunzipSync(bytes).toString();
        return encoding === 'br' ? brotliDecompressSync(bytes).toString() : bytes.toString();
      };

      for (const path of ['/outside', '/outside/streamed'])
        it(`outside of the guard is for each client: ${path}`, async () => {
          const { client } = bench();
          const key = newKey();
          for (const encoding of ['gzip', 'br', 'identity', 'gzip']) {
            const answer = await client.send({ path, key, headers: { 'accept-encoding': encoding } });
            expect(answer.headers.get('content-encoding')).to.equal(
              encoding === 'identity' ? undefined : encoding,
            );
            expect(decoded(answer)).to.equal(text);
          }
        });

      for (const path of ['/inside', '/inside/streamed'])
        it(`inside of the guard is a part of what is recorded: ${path}`, async () => {
          const { client } = bench();
          const key = newKey();
          for (const encoding of ['gzip', 'br, gzip;q=0.5']) {
            const answer = await client.send({ path, key, headers: { 'accept-encoding': encoding } });
            expect(answer.headers.get('content-encoding')).to.equal('gzip');
            expect(decoded(answer)).to.equal(text);
          }
          const refused = await client.send({ path, key, headers: { 'accept-encoding': 'br' } });
          expect([refused.status, refused.json.type]).to.deep.equal([
            406,
            'urn:retrysafe:problem:encoding-refused',
          ]);
        });

      it('is not sent before its record, on either side', async () => {
        const { client, store } = bench();
        for (const path of ['/outside', '/inside']) {
          const sent = { path, key: newKey(), headers: { 'accept-encoding': 'gzip' } };
          const gate = store.hold();
          const request = client.open(sent);
          await gate.isReached;
          expect((await client.send(sent)).status).to.equal(409);
          // A compressed answer has been a stream since it was compressed. Its end is what counts.
          if (path === '/outside') expect(request.hasHead()).to.equal(false);
          else expect((await request.head).hasEnded()).to.equal(false);
          gate.release();
          expect(await (await request.head).ended).to.equal(true);
        }
      });
    });

    describe('after an error', () => {
      const bench = serve(({ app, guard }) => {
        app.post('/thrown', guard(), () => {
          throw new Error('thrown');
        });
        app.post('/passed', guard(), (_req: Request, _res: Response, next: NextFunction) =>
          next(new Error('passed')),
        );
        app.post('/status', guard(), (_req: Request, _res: Response, next: NextFunction) =>
          next(Object.assign(new Error('passed'), { status: 402 })),
        );
        app.post('/nothing', guard(), (_req: Request, _res: Response, next: NextFunction) => next());
        app.post('/route', guard(), (_req: Request, _res: Response, next: NextFunction) => next('route'));
        app.post('/route', (_req: Request, res: Response) => void res.send('the next route'));
        app.post('/begun', guard(), (_req: Request, res: Response, next: NextFunction) => {
          res.write('begun', () => next(new Error('passed')));
        });
        app.post('/ended', guard(), (_req: Request, res: Response, next: NextFunction) => {
          res.json({ made: true });
          next(new Error('passed'));
        });
        app.post(
          '/refused',
          guard({ errors: 'framework' }),
          (_req: Request, res: Response) => void res.send('made'),
        );
      });

      for (const path of ['/thrown', '/passed'])
        it(`is that of the error handling, and no outcome: ${path}`, async () => {
          const { client } = bench();
          const sent = { path, key: newKey() };
          for (const _ of [1, 2]) {
            const { status, text, headers } = await client.send(sent);
            expect([status, headers.get('idempotency-replayed')]).to.deep.equal([500, undefined]);
            expect(text).to.include(path.slice(1));
          }
        });

      for (const [path, status, text] of [
        ['/status', 402, /passed/],
        ['/nothing', 404, /Cannot POST/],
        ['/route', 200, /the next route/],
      ] as const)
        it(`is an outcome where its status is one: ${path}`, async () => {
          const { client } = bench();
          const sent = { path, key: newKey() };
          for (const replayed of [undefined, 'true']) {
            const answer = await client.send(sent);
            expect([answer.status, answer.headers.get('idempotency-replayed')]).to.deep.equal([
              status,
              replayed,
            ]);
            expect(answer.text).to.match(text);
          }
        });

      it('in the middle ends badly, and the key is free', async () => {
        const { port } = bench();
        const request = rawRequest(newKey(), { path: '/begun' });
        for (const _ of [1, 2]) {
          const connection = await rawConnection(port, request);
          await connection.closed;
          expect(connection.received()).to.match(/begun\r\n$/);
          // A replay, or a duplicate, would be whole.
          expect(connection.received()).to.match(/^HTTP\/1\.1 200/);
        }
      });

      it('after the end is sent, and is an outcome', async () => {
        const { client, port } = bench();
        const key = newKey();
        const connection = await rawConnection(port, rawRequest(key, { path: '/ended' }));
        await connection.closed;
        expect(connection.received()).to.match(/\r\n\r\n{"made":true}$/);
        const replay = await client.send({ path: '/ended', key });
        expect([replay.text, replay.headers.get('idempotency-replayed')]).to.deep.equal([
          '{"made":true}',
          'true',
        ]);
      });

      it('of the guard is that of the error handling, by option', async () => {
        const { client } = bench();
        expect((await client.send({ path: '/refused' })).text).to.match(/RequestRefusedError/);
      });
    });

    describe('whose client has gone', () => {
      const waiting = { gate: defer(), begun: defer<Request>() };
      const bench = serve(({ app, guard }) => {
        for (const [name, answer] of Object.entries({
          json: (_req: Request, res: Response): void => void res.json({ made: true }),
          file: (_req: Request, res: Response): void => void res.sendFile(small),
        }))
          app.post(`/${name}`, guard(), async (req: Request, res: Response) => {
            waiting.begun.resolve(req);
            await waiting.gate.promise;
            answer(req, res);
          });
        app.post('/download', guard({ maxBody: 100_000_000 }), (req: Request, res: Response) => {
          waiting.begun.resolve(req);
          res.sendFile(large);
        });
        app.post(
          '/compressed',
          isInstalled('frameworks') ? framework('compression')() : [],
          guard(),
          async (req: Request, res: Response) => {
            waiting.begun.resolve(req);
            await waiting.gate.promise;
            res.type('text/plain');
            for (let n = 0; n < 64; n += 1) {
              // Random, so that it stays large.
              const part = crypto.getRandomValues(new Uint8Array(65_536));
              if (!res.write(part)) await new Promise((resolve) => res.once('drain', resolve));
            }
            res.end();
          },
        );
      });

      for (const [path, status] of [
        ['/json', 200],
        ['/file', 200],
        ['/download', 200],
        ['/compressed', 410],
      ] as const)
        it(`is made to its end: ${path}`, async () => {
          waiting.gate = defer();
          waiting.begun = defer();
          const { client, port } = bench();
          const key = newKey();
          const connection = await rawConnection(
            port,
            rawRequest(key, { path, more: 'Accept-Encoding: gzip\r\n' }),
          );
          connection.socket.pause();
          const { socket } = await waiting.begun.promise;
          const left = new Promise((resolve) => socket.once('end', resolve).once('error', resolve));
          connection.socket.destroy();
          await left;
          waiting.gate.resolve();
          const retry = await until('the first request ends', async () => {
            const answer = await client.send({ path, key, headers: { 'accept-encoding': 'gzip' } });
            return answer.status === 409 ? undefined : answer;
          });
          expect(retry.status, retry.text.slice(0, 200)).to.equal(status);
          if (status === 200) expect(retry.headers.get('idempotency-replayed')).to.equal('true');
          if (path === '/download') expect(retry.bytes.length).to.equal(16_000_000);
        });
    });

    if (version === 5)
      describe('of an asynchronous handler that fails', () => {
        const bench = serve(({ app, guard }) => {
          app.post('/late', guard(), async (_req: Request, res: Response) => {
            res.json({ made: true });
            await new Promise((resolve) => setImmediate(resolve));
            throw new Error('too late');
          });
        });

        it('after the end, is what it made', async () => {
          const { client, store, port } = bench();
          const key = newKey();
          const gate = store.hold();
          const connection = await rawConnection(port, rawRequest(key, { path: '/late' }));
          await gate.isReached;
          await client.send({ method: 'GET' });
          gate.release();
          await connection.closed;
          expect(connection.received()).to.match(/\r\n\r\n{"made":true}$/);
        });
      });
  });
});
