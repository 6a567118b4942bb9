import { expect } from 'chai';
import type { OperatorPage } from 'retrysafe/operator';
import { pageOfDesks } from '#operator/page/operator-page.js';
import { get, post, sameOrigin } from './asking.js';
import { DeskInMemory, recordView } from './desk-in-memory.js';

const json = { 'content-type': 'application/json' };

describe("a request that the operator's page has not sent", () => {
  let desk: DeskInMemory;
  let page: OperatorPage;
  let asked: number;
  beforeEach(() => {
    desk = new DeskInMemory(recordView());
    asked = 0;
    const authorize = () => {
      asked += 1;
      return 'alice';
    };
    page = pageOfDesks(new Map([['payments', desk]]), { authorize, rates: false });
  });

  const resolve = (headers: Readonly<Record<string, string>>) => {
    const [record] = desk.records;
    const seen = [{ key: record?.key, token: record?.token }];
    return post(page, 'resolve', { store: 'payments', seen, as: 'run-again', reason: 'OPS-1' }, headers);
  };

  const own: readonly (readonly [what: string, headers: Readonly<Record<string, string>>])[] = [
    ['says so by Sec-Fetch-Site', sameOrigin],
    ['says so by Origin, over plain HTTP', { ...json, origin: 'https://ops.example.com' }],
    [
      'says so by Sec-Fetch-Site behind a proxy of another name',
      { ...sameOrigin, origin: 'https://public.example.com' },
    ],
    [
      'says so by Origin and Host, where the server knows itself by another name',
      { ...json, origin: 'https://public.example.com', host: 'public.example.com' },
    ],
  ];
  for (const [what, headers] of own) {
    it(`is told from one of its own, which ${what}`, async () => {
      expect((await resolve(headers)).status).to.equal(200);
      expect(desk.resolutions).to.have.length(1);
    });
  }

  const forged: readonly (readonly [what: string, headers: Readonly<Record<string, string>>])[] = [
    ['is of another site', { ...json, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    [
      'is of another host of the site',
      { ...json, 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' },
    ],
    ['has no page', { ...json, 'sec-fetch-site': 'none' }],
    ['is of another site, over plain HTTP', { ...json, origin: 'http://evil.example' }],
    ['is of another port', { ...json, origin: 'https://ops.example.com:8443' }],
    ['has a hidden origin', { ...json, origin: 'null' }],
    ['says nothing of where it is from', json],
    [
      'claims the site and has another origin',
      { ...json, 'sec-fetch-site': 'cross-site', origin: 'https://ops.example.com' },
    ],
  ];
  for (const [what, headers] of forged) {
    it(`changes nothing where it ${what}, and the application is not asked who sent it`, async () => {
      expect((await resolve(headers)).status).to.equal(403);
      expect({ asked, resolutions: desk.resolutions }).to.deep.equal({ asked: 0, resolutions: [] });
    });

    it(`reads nothing where it ${what}`, async () => {
      expect((await post(page, 'list', { store: 'payments' }, headers)).status).to.equal(403);
    });
  }

  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json5',
    '',
  ]) {
    it(`changes nothing with the content type '${type}', which a form can send`, async () => {
      const response = await resolve({ 'sec-fetch-site': 'same-origin', 'content-type': type });
      expect(response.status).to.equal(415);
      expect(desk.resolutions).to.deep.equal([]);
    });
  }

  it('changes nothing by a GET, which a link or an image sends', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const response = await get(page, '/api/resolve', { method, headers: sameOrigin });
      expect([response.status, response.headers.get('allow')], method).to.deep.equal([405, 'POST']);
    }
  });

  it('gets no leave to come from elsewhere', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const response = await get(page, '/api/resolve', { method: 'OPTIONS', headers });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal(
      [],
    );
    expect(response.status).to.equal(405);
  });
});
