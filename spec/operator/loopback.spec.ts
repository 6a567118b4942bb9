import { type IncomingHttpHeaders, request as send } from 'node:http';
import { expect } from 'chai';
import { type LoopbackOptions, type LoopbackPage, serveOnLoopback } from '#cli/serve-on-loopback.js';
import { DeskInMemory } from './desk-in-memory.js';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request whose headers are all its own: `fetch` does not let a `Host` be set. */
function ask(url: URL, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send(url, { method, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the page that is served to this machine', () => {
  let page: LoopbackPage;
  let link: URL;
  const begin = async (options: Partial<LoopbackOptions> = {}) => {
    page = await serveOnLoopback({
      desks: new Map([['payments', new DeskInMemory()]]),
      operator: 'alice',
      ...options,
    });
    link = new URL(page.link);
  };
  beforeEach(() => begin());
  afterEach(() => page.close());

  const own = () => ({ origin: link.origin, 'content-type': 'application/json' });
  const at = (path: string) => new URL(path, link);
  const signIn = (token: string, headers: Readonly<Record<string, string>> = own()) =>
    ask(at('api/sign-in'), { method: 'POST', headers, body: JSON.stringify({ token }) });
  const token = () => link.hash.slice(1);
  const signedIn = async () => {
    const [cookie = ''] = (await signIn(token())).headers['set-cookie'] ?? [];
    return cookie.split(';')[0] ?? '';
  };
  const session = (cookie: string) =>
    ask(at('api/session'), { method: 'POST', headers: { ...own(), cookie }, body: '{}' });

  it('has a link whose token no request has: it stands behind the #', () => {
    expect(link.hostname).to.equal('127.0.0.1');
    expect(link.search).to.equal('');
    expect(Buffer.from(token(), 'base64url')).to.have.length(32);
    expect(link.pathname).not.to.include(token());
  });

  it('knows nobody before the token was exchanged', async () => {
    const { status, text, headers } = await ask(link);
    expect(status).to.equal(403);
    expect(text).to.include('sign-in.js').and.not.to.include('page.js');
    expect(headers).to.include({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
    });
    expect((await ask(at('sign-in.js'))).text)
      .to.include('location.hash')
      .and.to.include('replaceState');
    expect((await ask(at('page.js'))).status).to.equal(403);
    expect((await session('')).status).to.equal(403);
    expect((await session('retrysafe-operator=')).status).to.equal(403);
    expect((await session(`retrysafe-operator=${token()}`)).status).to.equal(403);
  });

  it('exchanges the token for a cookie that no script reads, no other site sends and no other service gets', async () => {
    const { status, headers, text } = await signIn(token());
    expect(status).to.equal(200);
    const [cookie = '', ...others] = headers['set-cookie'] ?? [];
    expect(others).to.deep.equal([]);
    const [pair = '', ...attributes] = cookie.split('; ');
    expect(attributes).to.have.members([`Path=${link.pathname}`, 'HttpOnly', 'SameSite=Strict']);
    expect(link.pathname).to.match(/^\/[\w-]{12}\/$/);
    expect(cookie + text).not.to.include(token());
    const answer = JSON.parse((await session(pair)).text);
    expect(answer).to.deep.equal({
      operator: 'alice',
      stores: ['payments'],
      operations: [],
      mayResolve: true,
      mayReveal: true,
      hasRates: false,
    });
    expect((await ask(at('./'), { headers: { cookie: `a=b; ${pair}` } })).text).to.include('page.js');
  });

  it('exchanges the token once, for whoever is first', async () => {
    const answers = await Promise.all([signIn(token()), signIn(token())]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 403]);
    const again = await signIn(token());
    expect([again.status, again.headers['set-cookie']]).to.deep.equal([403, undefined]);
    expect(again.text).to.include('npx retrysafe ui');
  });

  for (const [what, wrong] of [
    ['no token', ''],
    ['another one', Buffer.alloc(32).toString('base64url')],
    ['a part of it', undefined],
  ] as const) {
    it(`takes ${what} for nothing, and the token still works`, async () => {
      expect((await signIn(wrong ?? token().slice(0, 20))).status).to.equal(403);
      expect((await signIn(token())).status).to.equal(200);
    });
  }

  it('takes a token from its own page alone', async () => {
    const json = { 'content-type': 'application/json' };
    for (const headers of [
      json,
      { ...json, origin: 'https://evil.example' },
      { ...json, 'sec-fetch-site': 'cross-site' },
    ])
      expect((await signIn(token(), headers)).status).to.equal(403);
    expect((await signIn(token(), { origin: link.origin, 'content-type': 'text/plain' })).status).to.equal(
      415,
    );
    expect((await ask(at('api/sign-in'), { headers: own() })).status).to.equal(405);
    expect((await signIn(token())).status).to.equal(200);
  });

  it('answers to the address of this machine alone, with a session or without (DNS rebinding)', async () => {
    const cookie = await signedIn();
    for (const host of [
      'evil.example',
      `evil.example:${link.port}`,
      '127.0.0.1',
      `127.0.0.1.evil.example:${link.port}`,
    ]) {
      const { status, text } = await ask(link, { headers: { host, cookie } });
      expect([host, status]).to.deep.equal([host, 421]);
      expect(text).not.to.include('.js');
      const headers = { host, cookie, origin: `http://${host}`, 'content-type': 'application/json' };
      expect((await ask(at('api/session'), { method: 'POST', headers, body: '{}' })).status).to.equal(421);
    }
    expect((await ask(link, { headers: { host: `localhost:${link.port}`, cookie } })).status).to.equal(200);
  });

  it('is nowhere but below its own path', async () => {
    const cookie = await signedIn();
    for (const path of ['/', '/page.js', '/api/session', '/favicon.ico'])
      expect((await ask(new URL(path, link), { headers: { cookie } })).status, path).to.equal(404);
  });

  it('has another token, path and session with each run', async () => {
    const cookie = await signedIn();
    const before = link;
    await page.close();
    await begin();
    expect(link.pathname).not.to.equal(before.pathname);
    expect(link.hash).not.to.equal(before.hash);
    expect((await session(cookie)).status).to.equal(403);
  });

  it('does what its options say', async () => {
    await page.close();
    await begin({ readOnly: true, reveal: false, operator: 'bob' });
    expect(JSON.parse((await session(await signedIn())).text)).to.deep.include({
      operator: 'bob',
      mayResolve: false,
      mayReveal: false,
    });
  });
});
