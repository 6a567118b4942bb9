import { expect } from 'chai';
import type { OperatorPage } from 'retrysafe/operator';
import { pageOfDesks } from '#operator/page/operator-page.js';
import { rejection } from '../support/rejection.js';
import { get } from './asking.js';
import { DeskInMemory } from './desk-in-memory.js';

const hasNoName = () => undefined;

function pageAt(
  basePath?: string,
  authorize: (request: Request) => string | undefined = () => 'alice',
): OperatorPage {
  return pageOfDesks(new Map([['payments', new DeskInMemory()]]), {
    authorize,
    rates: false,
    ...(basePath !== undefined && { basePath }),
  });
}

const typeOf = (response: Response) => response.headers.get('content-type');

describe("the files of the operator's page", () => {
  for (const base of ['/', '/operator/', '/a/b/']) {
    it(`are a document, a style sheet and a script, below ${base}`, async () => {
      const page = pageAt(base === '/' ? undefined : base.slice(0, -1));
      const document = await get(page, base);
      expect([document.status, typeOf(document)]).to.deep.equal([200, 'text/html; charset=utf-8']);
      const addresses = [...(await document.text()).matchAll(/(?:src|href)="([^":]+)"/g)].map(
        ([, one]) => one,
      );
      expect(addresses).to.deep.equal(['page.css', 'page.js']);
      const [style, script] = await Promise.all(
        ['page.css', 'page.js'].map((name) => get(page, base + name)),
      );
      expect([style?.status, script?.status]).to.deep.equal([200, 200]);
      expect([style, script].map((one) => one && typeOf(one))).to.deep.equal([
        'text/css; charset=utf-8',
        'text/javascript; charset=utf-8',
      ]);
      expect((await script?.text())?.length).to.be.above(10_000);
    });
  }

  it('are small: a browser loads no more than 40 kB in all', async () => {
    const names = ['/', '/page.css', '/page.js'];
    const answers = await Promise.all(names.map((name) => get(pageAt(), name)));
    const sizes = await Promise.all(answers.map(async (answer) => (await answer.arrayBuffer()).byteLength));
    expect(sizes.reduce((sum, size) => sum + size)).to.be.within(20_000, 40_000);
  });

  it('are the same where the base path ends in a slash', async () => {
    expect((await get(pageAt('/operator/'), '/operator/page.css')).status).to.equal(200);
  });

  it('have addresses that a browser finds from the base path without its slash, too', async () => {
    const response = await get(pageAt('/a/b'), '/a/b?status=unknown');
    expect(response.status).to.equal(307);
    const location = response.headers.get('location') ?? '';
    // A proxy may put a path before it.
    expect(new URL(location, 'https://ops.example.com/proxy/a/b').href).to.equal(
      'https://ops.example.com/proxy/a/b/?status=unknown',
    );
  });

  for (const path of [
    '/',
    '/operatorx/',
    '/operator/other',
    '/operator/page.css/',
    '/operator//page.css',
    '/operator/../operator2',
    '/operator/%2e%2e/etc/passwd',
    '/operator/..%2fpackage.json',
    '/operator/constructor',
    '/operator/__proto__',
  ]) {
    it(`are not at ${path}`, async () => {
      expect((await get(pageAt('/operator'), path)).status).to.equal(404);
    });
  }

  it('are for GET and HEAD', async () => {
    const page = pageAt();
    const head = await get(page, '/page.js', { method: 'HEAD' });
    expect([head.status, await head.text()]).to.deep.equal([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await get(page, '/', { method });
      expect([response.status, response.headers.get('allow')], method).to.deep.equal([405, 'GET, HEAD']);
    }
  });

  it('are for those who are authorised', async () => {
    const page = pageAt('/', ({ headers }) => headers.get('x-user') ?? undefined);
    for (const path of ['/', '/page.js', '/page.css', '/nothing']) {
      expect((await get(page, path)).status, path).to.equal(403);
      expect((await get(page, path, { headers: { 'x-user': 'bob' } })).status, path).to.not.equal(403);
    }
  });

  it('have nothing of the application in them, nor anything inline', async () => {
    const text = await (await get(pageAt(), '/')).text();
    expect(text).not.to.include('payments').and.not.to.include('alice');
    expect(text).not.to.match(/<style|\son\w+=|\sstyle=|<script[^>]*>[^<]/);
  });

  it('cannot be framed, sniffed or kept, and run no script of another origin, whatever the answer is', async () => {
    const answers = await Promise.all([
      get(pageAt(), '/'),
      get(pageAt(), '/page.js'),
      get(pageAt(), '/nothing'),
      get(pageAt(), '/', { method: 'POST' }),
      get(pageAt('/', hasNoName), '/'),
      get(pageAt('/a'), '/a'),
      get(pageAt(), '/api/session', { method: 'POST' }),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 404, 405, 403, 307, 403]);
    for (const { headers, status } of answers) {
      expect(Object.fromEntries(headers), String(status)).to.include({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers.get('content-security-policy')?.split('; ')).to.include.members([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ]);
    }
  });
});

describe('who may see the page', () => {
  it('is asked of the application with each request, as it came', async () => {
    const asked: string[] = [];
    const page = pageAt('/', ({ url, headers }) => {
      asked.push(`${new URL(url).pathname} ${headers.get('cookie')}`);
      return 'alice';
    });
    await get(page, '/', { headers: { cookie: 'session=1' } });
    await get(page, '/page.js', { headers: { cookie: 'session=1' } });
    expect(asked).to.deep.equal(['/ session=1', '/page.js session=1']);
  });

  it('may be told by a promise', async () => {
    const page = pageOfDesks(new Map(), { authorize: async () => undefined, rates: false });
    expect((await get(page, '/')).status).to.equal(403);
  });

  it('has a name: anything else is a fault of the application, and so is what it throws', async () => {
    for (const wrong of ['', ' ', 'x'.repeat(201), true, null, {}]) {
      const page = pageAt('/', () => wrong as string);
      expect(await rejection(get(page, '/'))).to.be.instanceOf(TypeError);
    }
    const fault = new Error('no session');
    const page = pageAt('/', () => {
      throw fault;
    });
    expect(await rejection(get(page, '/'))).to.equal(fault);
  });
});
