import { expect } from 'chai';
import {
  formatReport,
  HttpConformanceError,
  type HttpConformanceOptions,
  type HttpConformanceReport,
  runHttpConformance,
} from 'retrysafe/testing';
import { rejection } from '../../support/rejection.js';
import { credentials } from './credentials.js';
import { type Flaw, PaymentServer, type Variety } from './payment-server.js';
import { withServer } from './served.js';

const authentication = { Authorization: 'Bearer one' };
const otherIdentity = { Authorization: 'Bearer two' };

async function test(
  options: HttpConformanceOptions = {},
  { flaw, variety }: { readonly flaw?: Flaw; readonly variety?: Variety } = {},
): Promise<HttpConformanceReport> {
  const server = await PaymentServer.start(flaw, variety ? { variety } : {});
  try {
    return await runHttpConformance(server.url, { authentication, timeout: 5, ...options });
  } finally {
    await server.stop();
  }
}

function idsOf({ results }: HttpConformanceReport, wanted: string): readonly string[] {
  return results.filter(({ outcome }) => outcome === wanted).map(({ id }) => id);
}

function detailOf({ results }: HttpConformanceReport, wanted: string): string | undefined {
  return results.find(({ id }) => id === wanted)?.detail;
}

describe('the HTTP conformance kit', () => {
  describe('where it is told little', () => {
    it('skips what it cannot check, and says which option is missing', async () => {
      const report = await test({ authentication });
      expect(idsOf(report, 'failed')).to.deep.equal([]);
      const skipped = report.results.filter(({ outcome }) => outcome === 'skipped');
      expect(Object.fromEntries(skipped.map(({ id, detail }) => [id, detail]))).to.include({
        'replay-effect': 'no URL of effects',
        'concurrent-effect': 'no URL of effects',
        'lost-answer': 'no URL of effects',
        'refused-effect': 'no URL of effects',
        'replay-error': 'no errorBody',
        scope: 'no otherIdentity',
        'other-operation': 'neither otherUrl nor otherMethod',
        'binary-replay': 'no binaryUrl',
        'binary-reuse': 'no binaryUrl',
      });
    });

    for (const variety of ['body', 'headers'] as const) {
      it(`tells a replay from a second run by the ${variety} of answers`, async () => {
        const only = ['scope', 'query', 'key-bare', 'json-spelling', 'other-operation'];
        const options = { otherIdentity, otherUrl: '/refunds', only };
        expect(idsOf(await test(options, { variety }), 'passed')).to.have.members(only);
        for (const [flaw, id] of [
          ['shares keys among users', 'scope'],
          ['ignores the query', 'query'],
          ['takes a quoted key and a bare one for two', 'key-bare'],
          ['compares the bytes of JSON', 'json-spelling'],
          ['shares keys among operations', 'other-operation'],
        ] as const)
          expect(idsOf(await test(options, { variety, flaw }), 'failed'), flaw).to.deep.equal([id]);
      });
    }

    it('goes by the marker where answers do not differ, and skips where there is none either', async () => {
      const options = { otherIdentity, only: ['scope'] };
      const equal = { variety: 'nothing', flaw: 'shares keys among users' } as const;
      expect(idsOf(await test(options, equal), 'failed')).to.deep.equal(['scope']);
      const unmarked = await test({ ...options, marker: 'X-Replay' }, equal);
      expect(detailOf(unmarked, 'scope')).to.match(
        /^the answers to two first requests are equal, .* effects$/,
      );
    });

    it('does not go by a marker that every answer has', async () => {
      const report = await test({ otherIdentity, only: ['scope'] }, { flaw: 'marks every answer' });
      expect(idsOf(report, 'passed')).to.deep.equal(['scope']);
    });

    it('leaves keys that are missing or malformed alone where the operation does not demand one', async () => {
      const report = await test({ required: false }, { flaw: 'runs a request without a key' });
      expect(idsOf(report, 'failed')).to.deep.equal([]);
      expect(idsOf(report, 'skipped')).to.include.members(['key-missing', 'key-empty', 'key-malformed']);
    });

    it('skips the reuse of a key where it knows no other body that is carried out', async () => {
      const picky = (body: Buffer) => (body.toString().includes('"amount":100') ? 201 : 400);
      const report = await withServer(
        ({ body }, response) => response.writeHead(picky(body)).end(),
        (url) => runHttpConformance(url, { only: ['reuse-completed', 'reuse-running'] }),
      );
      expect(detailOf(report, 'reuse-completed')).to.match(/answered 400 as a first request; .* otherBody$/);
      expect(idsOf(report, 'skipped')).to.deep.equal(['reuse-completed', 'reuse-running']);
    });

    it('skips large bodies that the server does not take, or that it cannot make', async () => {
      const only = ['large-body-replay', 'large-body-reuse'];
      const report = await withServer(
        ({ body }, response) => response.writeHead(body.length > 5_000 ? 413 : 201).end(),
        (url) => runHttpConformance(url, { only, largeBodyBytes: 6_000 }),
      );
      expect(detailOf(report, 'large-body-replay')).to.match(/of 6000 bytes was answered 413; give another/);
      expect(idsOf(report, 'skipped')).to.deep.equal(only);
      expect(detailOf(await test({ only, largeBodyBytes: 0 }), 'large-body-reuse')).to.match(
        /give a largeBody$/,
      );
    });
  });

  describe('in what it sends', () => {
    async function sent(options: HttpConformanceOptions) {
      return withServer(
        (_, response) => response.writeHead(201).end(),
        async (url, received) => {
          await runHttpConformance(url, options);
          return received;
        },
      );
    }

    it('has the header lines that it was given, and each key once', async () => {
      const headers = { 'X-Trace': ['one', 'two'], 'content-type': 'application/vnd.pay+json' };
      const requests = await sent({ headers, body: '{"a": 1}', only: ['replay-status'] });
      expect(requests).to.have.length(4);
      for (const { lines, body } of requests) {
        expect(lines.filter(([name]) => name === 'X-Trace').map(([, value]) => value)).to.deep.equal([
          'one',
          'two',
        ]);
        expect(lines.filter(([name]) => name.toLowerCase() === 'content-type')).to.deep.equal([
          ['Content-Type', 'application/vnd.pay+json'],
        ]);
        expect(body.toString()).to.equal('{"a": 1}');
      }
      const keys = requests.map(({ headers: got }) => got['idempotency-key']);
      expect(new Set(keys).size).to.equal(3);
      for (const key of keys) expect(key).to.match(/^"[0-9a-f-]{36}"$/);
    });

    it('has several lines of the key, which are not joined', async () => {
      const requests = await sent({ keyHeader: 'X-Key', only: ['key-several-lines'] });
      const { lines = [] } = requests.at(-1) ?? {};
      expect(lines.filter(([name]) => name === 'X-Key')).to.have.length(2);
    });

    it('has the method, and bytes as they are', async () => {
      const body = Uint8Array.of(0, 255, 254);
      const requests = await sent({ method: 'PATCH', body, only: ['replay-status'] });
      for (const request of requests) {
        expect(request.method).to.equal('PATCH');
        expect(request.headers['content-type']).to.equal('application/octet-stream');
        expect(request.body).to.deep.equal(Buffer.from(body));
      }
    });

    it('has no body and no key in a GET, HEAD and OPTIONS', async () => {
      const requests = await sent({ only: ['safe-methods'] });
      const safe = requests.slice(2);
      expect(safe.map(({ method }) => method)).to.deep.equal(['GET', 'HEAD', 'OPTIONS']);
      for (const { headers, body } of safe) {
        expect(headers).to.not.have.any.keys('content-type', 'content-length', 'idempotency-key');
        expect(body).to.have.length(0);
      }
    });
  });

  describe('over TLS', () => {
    it('trusts the certificates that it is given, and no other', async () => {
      const server = await PaymentServer.start(undefined, { credentials });
      try {
        const options = { authentication, effects: '/effects', only: ['replay-effect', 'lost-answer'] };
        const report = await runHttpConformance(server.url, { ...options, ca: credentials.cert });
        expect(idsOf(report, 'passed')).to.deep.equal(options.only);
        const bytes = await runHttpConformance(server.url, { ...options, ca: Buffer.from(credentials.cert) });
        expect(idsOf(bytes, 'passed')).to.deep.equal(options.only);
        expect(await rejection(runHttpConformance(server.url, options))).to.be.instanceOf(
          HttpConformanceError,
        );
      } finally {
        await server.stop();
      }
    });
  });

  describe('where it cannot test', () => {
    it('says so if nothing listens', async () => {
      const url = await withServer(
        () => {},
        async (url) => url,
      );
      expect(await rejection(runHttpConformance(url))).to.match(
        /^HttpConformanceError: POST was not answered: ECONNREFUSED\. Start the server, or give another URL\.$/,
      );
    });

    it('says so if a first request is refused', async () => {
      const failing = withServer(
        (_, response) => response.writeHead(404).end(),
        (url) => runHttpConformance(`${url}?token=secret`),
      );
      expect(await rejection(failing)).to.match(
        /POST \/payments was answered 404 to a first request\. Give the/,
      );
    });

    it('says so if effects are not told, or not those of the operation', async () => {
      const answering = (text: string, status = 200) =>
        rejection(
          withServer(
            ({ path }, response) => response.writeHead(path === '/payments' ? 201 : status).end(text),
            (url) => runHttpConformance(url, { effects: '/effects' }),
          ),
        );
      for (const text of ['many', '"2"', '{}', '{"count":"2"}', 'null'])
        expect(await answering(text), text).to.match(
          /^HttpConformanceError: The URL of effects was answered 200, without/,
        );
      expect(await answering('2', 404)).to.match(/was answered 404, without a count\. Give one whose answer/);
      expect(await answering('7')).to.match(
        /Two first requests had 0 effects by the URL of effects; expected 2/,
      );
    });

    it('takes a count as a number, and in JSON as effects or count', async () => {
      for (const written of [
        (n: number) => `${n}\n`,
        (n: number) => `{"effects":${n}}`,
        (n: number) => `{"count":${n}}`,
      ]) {
        let effects = 0;
        const report = await withServer(
          ({ path }, response) => {
            if (path === '/payments') effects += 1;
            response.writeHead(path === '/payments' ? 201 : 200).end(written(effects));
          },
          (url) => runHttpConformance(url, { effects: '/effects', only: ['replay-effect'] }),
        );
        expect(detailOf(report, 'replay-effect')).to.equal(
          'three requests of one key had 3 effects; expected 1',
        );
      }
    });
  });

  describe('where a server does not answer', () => {
    it('fails the check when the time is over', async () => {
      const report = await withServer(
        ({ path }, response) => path === '/payments' && response.writeHead(201).end(),
        (url) => runHttpConformance(url, { slowUrl: '/never', timeout: 0.2, only: ['concurrent-answers'] }),
      );
      expect(detailOf(report, 'concurrent-answers')).to.equal('POST was not answered within 0.2 s');
      expect(idsOf(report, 'failed')).to.deep.equal(['concurrent-answers']);
    });

    it('fails the check if the connection breaks, or if a request stays running', async () => {
      const broken = await withServer(
        ({ headers }, response) => {
          if (headers['idempotency-key']) response.writeHead(201).end();
          else response.socket?.destroy();
        },
        (url) => runHttpConformance(url, { only: ['key-missing'] }),
      );
      expect(detailOf(broken, 'key-missing')).to.equal('POST was not answered: ECONNRESET');
      const seen = new Set<unknown>();
      const stuck = await withServer(
        ({ headers }, response) => {
          const key = headers['idempotency-key'];
          response.writeHead(seen.has(key) ? 409 : 201).end();
          seen.add(key);
        },
        // A server that has no processor for that long is none that is stuck.
        (url) => runHttpConformance(url, { timeout: 1.5, only: ['concurrent-answers'] }),
      );
      expect(detailOf(stuck, 'concurrent-answers')).to.equal('a retry is still answered 409 after 1.5 s');
    });

    it('skips Retry-After where no copy is told to retry', async () => {
      const report = await withServer(
        (_, response) => response.writeHead(201).end(),
        (url) => runHttpConformance(url, { only: ['retry-after'] }),
      );
      expect(detailOf(report, 'retry-after')).to.match(/^no copy .* give slowBody or slowUrl$/);
    });
  });

  describe('in its options', () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      method: ['', 'A B', 7],
      headers: ['x', { 'a b': '1' }, { a: 1 }, { a: [] }, null, { 'IDEMPOTENCY-KEY': 'mine' }],
      otherIdentity: [7],
      body: [() => 1, Symbol('one')],
      largeBodyBytes: [-1, 1.5, '7'],
      slowUrl: ['ftp://host/', 7, 'http://'],
      maxKeyLength: [0],
      required: ['yes'],
      ignoredHeaders: ['x', [7]],
      timeout: [0, -1, Number.NaN, '10', 86_401],
      ca: [7],
      only: ['scope', ['no-such-check'], []],
      except: [['no-such-check']],
    };

    for (const [option, values] of Object.entries(wrong)) {
      it(`refuses a wrong ${option}, and says what is right`, async () => {
        for (const value of values) {
          const error = await rejection(runHttpConformance('http://127.0.0.1:1', { [option]: value }));
          expect(error, String(value)).to.be.instanceOf(TypeError);
          expect((error as Error).message).to.match(
            new RegExp(`^httpConformance: option "${option}": expected \\S`),
          );
          expect((error as Error).message).not.to.include('mine');
        }
      });
    }

    it('refuses an unknown one, and a URL that is none', async () => {
      const unknown = { metod: 'POST' } as HttpConformanceOptions;
      expect(await rejection(runHttpConformance('http://127.0.0.1:1', unknown))).to.match(
        /option "metod": expected one of method, headers, /,
      );
      for (const url of ['/payments', 'ftp://127.0.0.1/', ''])
        expect(await rejection(runHttpConformance(url))).to.match(/option "url": expected an absolute URL/);
    });

    it('runs only the checks that are named, but for those that are left out', async () => {
      const report = await test({ only: ['replay-status', 'scope', 'query'], except: ['scope'] });
      expect(report.results.map(({ id }) => id)).to.deep.equal(['replay-status', 'query']);
    });

    it('takes undefined for an option that is not given', async () => {
      const absent: object = { method: undefined };
      const report = await test({ only: ['replay-status'], ...absent });
      expect(idsOf(report, 'passed')).to.deep.equal(['replay-status']);
    });

    it('compares no header field that is ignored', async () => {
      const flaw = 'replays without header fields';
      const options = { only: ['replay-headers'] };
      const detail = detailOf(await test(options, { flaw }), 'replay-headers');
      expect(detail).to.equal('lost or changed: content-type, location');
      const ignoredHeaders = ['Location', 'Content-Type'];
      expect(idsOf(await test({ ...options, ignoredHeaders }, { flaw }), 'passed')).to.deep.equal(
        options.only,
      );
    });
  });

  describe('in its report', () => {
    it('is JSON, with totals of each level, and without what the URL keeps secret', async () => {
      const server = await PaymentServer.start('says another status in a problem');
      const { port } = new URL(server.url);
      const url = `http://user:password@127.0.0.1:${port}/payments?token=secret`;
      const report = await runHttpConformance(url, { authentication });
      await server.stop();
      expect(JSON.parse(JSON.stringify(report))).to.deep.equal(report);
      expect(report.operation).to.equal(`POST http://127.0.0.1:${port}/payments`);
      expect(JSON.stringify(report)).not.to.match(/secret|password/);
      expect(report.totals.MUST).to.deep.equal({ passed: 4, failed: 1, skipped: 0 });
      const sums = Object.values(report.totals).map(
        ({ passed, failed, skipped }) => passed + failed + skipped,
      );
      expect(sums.reduce((one, other) => one + other)).to.equal(report.results.length);
    });

    it('gives each check a name of its own, its source and its level', async () => {
      const { results } = await test();
      expect(new Set(results.map(({ id }) => id)).size).to.equal(results.length);
      for (const { id, title, section, level } of results) {
        expect(id).to.match(/^[a-z]+(-[a-z]+)*$/);
        expect(title).to.match(/^\S.*[^.]$/);
        expect(section, id).to.match(/draft-07 §[125]|RFC \d+ §|^custom$/);
        // What nobody has written down binds nobody.
        if (section === 'custom') expect(level, id).to.equal('custom');
      }
    });

    it('is a table as text', async () => {
      const text = formatReport(
        await test(
          { only: ['key-missing', 'scope', 'replay-body'] },
          { flaw: 'runs a request without a key' },
        ),
      );
      const [title, , heading, ...lines] = text.split('\n');
      expect(title).to.match(/^POST http:.*\/payments, by draft-ietf-httpapi-idempotency-key-header-07$/);
      expect(heading).to.match(/^check +level +section +result +detail$/);
      expect(lines.slice(0, 3).map((line) => line.replace(/ {2,}/g, ' | '))).to.deep.equal([
        'key-missing | SHOULD | draft-07 §2.7 | failed | a request without a key is answered 400: was answered 201; expected 400',
        'replay-body | SHOULD | draft-07 §2.6 | passed',
        'scope | custom | draft-07 §5 | skipped | no otherIdentity',
      ]);
      expect(lines.slice(4)).to.deep.equal([
        'MUST    0 passed, 0 failed, 0 skipped',
        'SHOULD  1 passed, 1 failed, 0 skipped',
        'custom  0 passed, 0 failed, 1 skipped',
      ]);
    });
  });
});
