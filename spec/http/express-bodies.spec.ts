import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { expect } from 'chai';
import { pending } from '../support/pending.js';
import { catchWarnings } from '../support/process-warnings.js';
import { framework, onEachExpress, type Request, type Response } from './suite/express-server.js';
import type { Sent } from './suite/http-client.js';
import { isInstalled } from './suite/load.js';

/** A form with a field and a file. */
function form(
  boundary: string,
  { amount = '1', content = 'content', name = 'a.txt', field = 'file' } = {},
): Sent {
  const body = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="amount"',
    '',
    amount,
    `--${boundary}`,
    `Content-Disposition: form-data; name="${field}"; filename="${name}"`,
    'Content-Type: text/plain',
    '',
    content,
    `--${boundary}--`,
    '',
  ].join('\r\n');
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

describe('the body of a request of Express', () => {
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `bodies-${keys}`;
  };

  onEachExpress((_version, serve) => {
    const echo = (req: Request, res: Response) => void res.json(req.body ?? null);

    describe('with a parser', () => {
      const bench = serve(({ express, app, guard }) => {
        const parsers = [
          express.json(),
          express.urlencoded({ extended: true }),
          express.text({ type: ['text/*', 'application/xml'] }),
          express.raw({ type: 'application/octet-stream' }),
        ];
        app.post('/before', ...parsers, guard(), echo);
        app.post('/after', guard(), ...parsers, echo);
        app.post('/limited', ...parsers, guard({ maxRequest: 100 }), echo);
        app.post('/none', guard(), async (req: Request, res: Response) => void res.send(await textOf(req)));
      });

      const types = {
        json: 'application/json',
        form: 'application/x-www-form-urlencoded',
        text: 'text/plain',
        bytes: 'application/octet-stream',
        other: 'application/pdf',
      };

      for (const path of ['/before', '/after'])
        for (const [type, one, same, other] of [
          ['json', '{"a":1,"b":[2]}', ' {"b":[2],"a":1.0} ', '{"a":"1","b":[2]}'],
          ['json', '[]', ' [ ] ', '{}'],
          ['form', 'a=1&b=2', 'a=1&b=2', 'a=1&b=3'],
          ['text', 'one', 'one', 'two'],
          ['bytes', '\u0000\u0001', '\u0000\u0001', '\u0000\u0002'],
          ['other', 'one', 'one', 'two'],
        ] as const)
          it(`is compared and reaches the handler: ${type}, parsed ${path.slice(1)} the guard`, async () => {
            const { client } = bench();
            const key = newKey();
            const send = (body: string) =>
              client.send({ path, key, body, headers: { 'content-type': types[type] } });
            const first = await send(one);
            expect(first.status, first.text).to.equal(200);
            if (type === 'json') expect(first.json).to.deep.equal(JSON.parse(one));
            if (type === 'text') expect(first.json).to.equal(one);
            const second = await send(same);
            expect([second.text, second.headers.get('idempotency-replayed')]).to.deep.equal([
              first.text,
              'true',
            ]);
            expect((await send(other)).status).to.equal(422);
            expect((await client.send({ path, key })).status).to.equal(422);
          });

      it('is the same whether it was parsed or not', async () => {
        const { client } = bench();
        const key = newKey();
        // A parser of Express leaves this type to the guard.
        const send = (body: string) =>
          client.send({ path: '/before', key, body, headers: { 'content-type': 'application/vnd.a+json' } });
        expect((await send('{"a":1,"b":2}')).status).to.equal(200);
        expect((await send('{"b":2,"a":1}')).status).to.equal(200);
        expect((await send('{"a":2,"b":1}')).status).to.equal(422);
      });

      it('is bounded, also where a parser has taken it', async () => {
        const { client } = bench();
        const send = (length: number) =>
          client.send({
            path: '/limited',
            key: newKey(),
            body: JSON.stringify('x'.repeat(length - 2)),
            headers: { 'content-type': 'text/plain' },
          });
        expect((await send(100)).status).to.equal(200);
        expect((await send(101)).status).to.equal(413);
      });

      it('may stay for the handler', async () => {
        const { client } = bench();
        const sent = { path: '/none', key: newKey(), body: 'for the handler' };
        expect((await client.send(sent)).text).to.equal('for the handler');
        expect((await client.send(sent)).text).to.equal('for the handler');
      });
    });

    describe('that multer parses', () => {
      let folder: string | undefined;
      before(function () {
        if (!isInstalled('frameworks')) pending(this, 'multer is not installed: npm run install:frameworks');
        folder = mkdtempSync(join(tmpdir(), 'retrysafe-'));
      });
      after(() => {
        if (folder) rmSync(folder, { recursive: true, force: true });
      });

      const bench = serve(({ app, guard }) => {
        if (!isInstalled('frameworks')) return;
        const multer = framework('multer');
        const made = (_req: Request, res: Response) => void res.send('made');
        app.post('/single', multer().single('file'), guard(), made);
        app.post('/array', multer().array('file'), guard(), made);
        app.post('/fields', multer().fields([{ name: 'file' }, { name: 'other' }]), guard(), made);
        app.post('/any', multer().any(), guard(), made);
        app.post('/disk', multer({ dest: folder }).single('file'), guard(), made);
        app.post('/after', guard(), multer().single('file'), (req: Request, res: Response) => {
          const { file } = req as unknown as { file: { buffer: Buffer } };
          res.json({ amount: req.body.amount, file: String(file.buffer) });
        });
        const unknown = {
          _handleFile: (
            _req: unknown,
            file: { stream: NodeJS.ReadableStream },
            done: (error: null, info: object) => void,
          ) => {
            file.stream.resume().on('end', () => done(null, { key: 'elsewhere' }));
          },
          _removeFile() {},
        };
        app.post('/elsewhere', multer({ storage: unknown }).single('file'), guard(), made);
      });

      for (const path of ['/single', '/array', '/fields', '/any', '/disk', '/after'])
        it(`is compared by its fields and its files: ${path}`, async () => {
          const { client } = bench();
          const key = newKey();
          const send = (sent: Sent) => client.send({ path, key, ...sent });
          const first = await send(form('one'));
          expect(first.status, first.text).to.equal(200);
          if (path === '/after') expect(first.json).to.deep.equal({ amount: '1', file: 'content' });
          const second = await send(form('other'));
          expect([second.text, second.headers.get('idempotency-replayed')]).to.deep.equal([
            first.text,
            'true',
          ]);
          for (const changes of [{ amount: '2' }, { content: 'contents' }, { name: 'b.txt' }])
            expect((await send(form('one', changes))).status, JSON.stringify(changes)).to.equal(422);
        });

      it('is compared by the field of a file', async () => {
        const { client } = bench();
        const key = newKey();
        expect((await client.send({ path: '/fields', key, ...form('one') })).status).to.equal(200);
        expect(
          (await client.send({ path: '/fields', key, ...form('one', { field: 'other' }) })).status,
        ).to.equal(422);
      });

      it('is refused where the content of a file is not at hand', async () => {
        const warnings = catchWarnings();
        const sent = { path: '/elsewhere', key: newKey(), ...form('one') };
        const { status, json } = await bench().client.send(sent).finally(warnings.restore);
        expect([status, json.type]).to.deep.equal([500, 'urn:retrysafe:problem:misconfigured']);
      });
    });
  });
});
