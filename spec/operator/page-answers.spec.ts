import { channel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { InMemoryStore, makeIdempotent, StoreError } from 'retrysafe';
import { type OperatorPage, type OperatorPageOptions, operatorPage } from 'retrysafe/operator';
import type { Resolved } from '#operator/desk.js';
import type { ListAnswer, PageSession, RatesAnswer, ShowAnswer, StatsLine } from '#operator/page/messages.js';
import { pageOfDesks } from '#operator/page/operator-page.js';
import { defer } from '../support/defer.js';
import { answerOf, get, post, sameOrigin } from './asking.js';
import { DeskInMemory, recordView } from './desk-in-memory.js';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function pageOf(desk: DeskInMemory, options: Partial<OperatorPageOptions> = {}): OperatorPage {
  return pageOfDesks(new Map([['payments', desk]]), { authorize: () => 'alice', rates: false, ...options });
}

const list = (page: OperatorPage, query: object = {}) =>
  answerOf<ListAnswer>(page, 'list', { store: 'payments', ...query });
const show = (page: OperatorPage, key: string, reveal?: boolean) =>
  answerOf<ShowAnswer>(page, 'show', { store: 'payments', key, reveal });

describe("what the operator's page is told", () => {
  it('is who asks, which stores there are, and what may be done', async () => {
    const desks = new Map([
      ['payments', new DeskInMemory()],
      ['refunds', new DeskInMemory()],
    ]);
    const may = {
      operator: 'alice',
      stores: ['payments', 'refunds'],
      operations: [],
      mayResolve: true,
      mayReveal: true,
      hasRates: true,
    };
    expect(
      await answerOf<PageSession>(pageOfDesks(desks, { authorize: () => 'alice' }), 'session', {}),
    ).to.deep.equal(may);
    const options = { authorize: () => 'bob', readOnly: true, reveal: false, rates: false };
    expect(await answerOf<PageSession>(pageOfDesks(desks, options), 'session', {})).to.deep.equal({
      ...may,
      operator: 'bob',
      mayResolve: false,
      mayReveal: false,
      hasRates: false,
    });
  });

  it('is a page of records also where its cursor is as long as those of DynamoDB and Redis may be', async () => {
    const desk = new DeskInMemory(...Array.from({ length: 3 }, () => recordView()));
    const cursor = `${'0'.repeat(50_000)}2`;
    expect((await list(pageOf(desk), { cursor })).records).to.have.length(1);
  });

  it('is that a key is none, which is no fault of the store', async () => {
    const store = new InMemoryStore();
    const page = operatorPage({ stores: { payments: store }, authorize: () => 'alice', rates: false });
    const response = await post(page, 'show', { store: 'payments', key: 'no key' });
    expect(response.status).to.equal(400);
    expect(await response.text()).to.include('and not an idempotency key');
  });

  it('is the records that each filter asks for, by pages', async () => {
    const records = [
      recordView(),
      recordView({ status: 'abandoned', operation: 'Refunds.create', key: 'Refunds.create#1' }),
      recordView({ status: 'completed', since: Date.now() - 3_600_000 }),
    ];
    const page = pageOf(new DeskInMemory(...records));
    const [unknown, abandoned, completed] = records.map(({ key }) => key);
    const keysOf = async (query: object) => (await list(page, query)).records.map(({ key }) => key);
    expect(await keysOf({})).to.deep.equal([unknown, abandoned, completed]);
    expect(await keysOf({ status: 'stuck' })).to.deep.equal([unknown, abandoned]);
    expect(await keysOf({ status: 'completed' })).to.deep.equal([completed]);
    expect(await keysOf({ operation: 'Refunds.create' })).to.deep.equal([abandoned]);
    expect(await keysOf({ prefix: 'Refunds.' })).to.deep.equal([abandoned]);
    expect(await keysOf({ ageMs: 3_000_000 })).to.deep.equal([completed]);
    const first = await list(page, { limit: 2 });
    expect(first.records).to.have.length(2);
    expect(
      (await list(page, { limit: 2, cursor: first.cursor })).records.map(({ key }) => key),
    ).to.deep.equal([completed]);
    expect(await answerOf(page, 'plan', { store: 'payments' })).to.deep.equal({ by: 'index', records: 3 });
  });

  it("is one record's life, with links for its traces", async () => {
    const record = recordView({ traceparent });
    const traceUrl = (one: string) => `https://traces.example.com/${one.split('-')[1]}`;
    const answer = await show(pageOf(new DeskInMemory(record), { traceUrl }), record.key);
    expect(answer.record).to.deep.equal(record);
    expect(answer.life.map(({ what }) => what)).to.deep.equal(['claimed', 'unknown']);
    expect(answer.traces).to.deep.equal({
      [traceparent]: 'https://traces.example.com/4bf92f3577b34da6a3ce929d0e0e4736',
    });
    expect((await show(pageOf(new DeskInMemory(record)), record.key)).traces).to.deep.equal({});
  });

  for (const url of [
    'javascript:alert(1)',
    'data:text/html,x',
    ' javascript:alert(1)',
    'vbscript:x',
    '/relative',
    7,
    undefined,
  ]) {
    it(`is no link where a trace has the address ${JSON.stringify(url)}`, async () => {
      const record = recordView({ traceparent });
      const page = pageOf(new DeskInMemory(record), { traceUrl: () => url as string });
      expect((await show(page, record.key)).traces).to.deep.equal({});
    });
  }

  it('is no link where the function of the application throws, and all the rest', async () => {
    const record = recordView({ traceparent });
    const traceUrl = () => {
      throw new Error('no such trace');
    };
    const answer = await show(pageOf(new DeskInMemory(record), { traceUrl }), record.key);
    expect([answer.traces, answer.record.key]).to.deep.equal([{}, record.key]);
  });

  it('is that there is no such record, or no such store', async () => {
    const page = pageOf(new DeskInMemory());
    expect((await post(page, 'show', { store: 'payments', key: 'x#1' })).status).to.equal(404);
    for (const store of ['refunds', '__proto__', 'constructor'])
      expect((await post(page, 'list', { store })).status, store).to.equal(404);
    expect((await post(page, 'nothing', {})).status).to.equal(404);
    expect((await post(page, 'constructor', {})).status).to.equal(404);
  });

  it('is an outcome where it is asked for, and never where the page may not', async () => {
    const record = recordView({ status: 'completed', outcome: 'value' });
    const desk = new DeskInMemory(record);
    desk.outcomes.set(record.key, '{"iban":"DE02"}');
    const page = pageOf(desk);
    expect((await show(page, record.key)).outcome).to.deep.equal({ kind: 'value' });
    expect((await show(page, record.key, true)).outcome).to.deep.equal({
      kind: 'value',
      text: '{"iban":"DE02"}',
    });
    const never = pageOf(desk, { reveal: false });
    expect((await show(never, record.key)).outcome).to.deep.equal({ kind: 'value' });
    const response = await post(never, 'show', { store: 'payments', key: record.key, reveal: true });
    expect([response.status, await response.text()]).to.satisfy(
      ([status, text]: [number, string]) => status === 403 && !text.includes('DE02'),
    );
    expect(desk.revealed).to.deep.equal([record.key]);
  });

  it('is how many records there are, a line at a time', async () => {
    const desk = new DeskInMemory(recordView(), recordView(), recordView({ status: 'completed' }));
    const response = await post(pageOf(desk), 'stats', { store: 'payments' });
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line): StatsLine => JSON.parse(line));
    expect(lines.at(-1)?.counts?.map(({ status, count }) => [status, count])).to.deep.equal([
      ['unknown', 2],
      ['completed', 1],
    ]);
  });

  it('ends the count when the browser goes away', async () => {
    const desk = new DeskInMemory();
    const ended = defer<void>();
    desk.stats = (_query, _onProgress, signal?: AbortSignal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          ended.resolve();
          reject(signal.reason);
        });
      });
    const response = await post(pageOf(desk), 'stats', { store: 'payments' });
    await response.body?.cancel();
    await ended.promise;
  });

  it('is that the store failed, without what only a log should have', async () => {
    const desk = new DeskInMemory();
    const page = pageOf(desk);
    const failing = async (error: unknown) => {
      desk.list = () => Promise.reject(error);
      const response = await post(page, 'list', { store: 'payments' });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await failing(new StoreError('the store did not answer'))).to.deep.equal([
      502,
      'the store did not answer',
    ]);
    const withCode = Object.assign(new Error('password authentication failed for user "bob"'), {
      code: '28P01',
    });
    const [status, text] = await failing(withCode);
    expect(status).to.equal(502);
    expect(text).to.include('28P01').and.not.to.include('bob');
    expect((await failing(undefined))[0]).to.equal(502);
  });
});

describe('what an operator decides on the page', () => {
  const decision = { as: 'run-again', reason: ' OPS-1 ' } as const;
  const resolve = (page: OperatorPage, body: object) => post(page, 'resolve', { store: 'payments', ...body });

  it('is done by the name that the application told, with the reason, whatever the request says of either', async () => {
    const record = recordView();
    const desk = new DeskInMemory(record);
    const { key, token } = record;
    const response = await resolve(pageOf(desk), { seen: [{ key, token }], ...decision, by: 'mallory' });
    expect(await response.json()).to.deep.equal({ results: [{ key, isDone: true }] });
    expect(desk.resolutions).to.deep.equal([{ key, as: 'run-again', reason: 'OPS-1', by: 'alice' }]);
  });

  it('is done to a record as it was seen, and to no other version of it', async () => {
    const records = [recordView(), recordView()];
    const desk = new DeskInMemory(...records);
    const seen = records.map(({ key, token }) => ({ key, token }));
    desk.records[1] = { ...(records[1] as (typeof records)[number]), token: 'another.1' };
    const response = await resolve(pageOf(desk), {
      seen,
      as: 'value',
      json: '{"paid":true}',
      reason: 'OPS-1',
    });
    const { results } = (await response.json()) as { results: readonly Resolved[] };
    expect(results.map(({ isDone }) => isDone)).to.deep.equal([true, false]);
    expect(results[1]?.error).to.match(/changed/);
    expect(desk.resolutions.map(({ json }) => json)).to.deep.equal(['{"paid":true}']);
  });

  const seen = [{ key: 'x#1', token: 'x.1' }];
  const wrong: readonly (readonly [what: string, body: object, field: string])[] = [
    ['has no reason', { seen, as: 'refuse' }, 'reason'],
    ['has a blank reason', { seen, as: 'refuse', reason: '  ' }, 'reason'],
    ['has a reason that is a book', { seen, as: 'refuse', reason: 'x'.repeat(201) }, 'reason'],
    ['decides nothing', { seen, reason: 'x' }, 'as'],
    ['decides what there is not', { seen, as: 'toString', reason: 'x' }, 'as'],
    ['has no value', { seen, as: 'value', reason: 'x' }, 'json'],
    ['has a value that is not JSON', { seen, as: 'value', json: '{paid}', reason: 'x' }, 'json'],
    ['names no record', { seen: [], as: 'refuse', reason: 'x' }, 'seen'],
    ['names what is no record', { seen: ['x#1'], as: 'refuse', reason: 'x' }, 'seen'],
    ['names a record without its version', { seen: [{ key: 'x#1' }], as: 'refuse', reason: 'x' }, 'token'],
    ['names too many', { seen: Array(1_001).fill(seen[0]), as: 'refuse', reason: 'x' }, 'seen'],
  ];
  for (const [what, body, field] of wrong) {
    it(`is refused where it ${what}`, async () => {
      const desk = new DeskInMemory();
      const response = await resolve(pageOf(desk), body);
      expect(response.status).to.equal(400);
      expect(((await response.json()) as { error: string }).error).to.match(
        new RegExp(`^"${field}": expected `),
      );
      expect(desk.resolutions).to.deep.equal([]);
    });
  }

  it('is nothing on a page that changes nothing', async () => {
    const record = recordView();
    const desk = new DeskInMemory(record);
    const { key, token } = record;
    const response = await resolve(pageOf(desk, { readOnly: true }), { seen: [{ key, token }], ...decision });
    expect([response.status, desk.resolutions]).to.deep.equal([403, []]);
    expect((await list(pageOf(desk, { readOnly: true }))).records).to.have.length(1);
  });
});

describe("what the operator's page takes of a request", () => {
  const page = pageOf(new DeskInMemory());
  const body = (text: NonNullable<RequestInit['body']>, more: RequestInit = {}) =>
    get(page, '/api/list', { method: 'POST', headers: sameOrigin, body: text, ...more });

  it('is at most a mebibyte, also where its length is not told or is a lie', async () => {
    const large = `{"store":"payments","x":"${'x'.repeat(1_048_576)}"}`;
    expect((await body(large)).status).to.equal(413);
    const headers = { ...sameOrigin, 'content-length': '5000000' };
    expect((await body('{"store":"payments"}', { headers })).status).to.equal(413);
    let isCancelled = false;
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    expect((await body(endless, { duplex: 'half' } as RequestInit)).status).to.equal(413);
    expect([isCancelled, sent < 30]).to.deep.equal([true, true]);
  });

  for (const text of ['', 'x', '[]', 'null', '"x"', '{"store":"payments"']) {
    it(`is no body such as ${JSON.stringify(text)}`, async () => {
      expect((await body(text)).status).to.equal(400);
    });
  }

  for (const [field, value] of [
    ['status', 'all'],
    ['status', '__proto__'],
    ['operation', 7],
    ['operation', ''],
    ['prefix', 'x'.repeat(4_097)],
    ['limit', 0],
    ['limit', 1_001],
    ['limit', '5'],
    ['ageMs', -1],
    ['ageMs', 1.5],
    ['cursor', {}],
    ['store', undefined],
  ] as const) {
    it(`is no ${field} such as ${JSON.stringify(value)?.slice(0, 20)}`, async () => {
      const response = await body(JSON.stringify({ store: 'payments', [field]: value }));
      expect(response.status).to.equal(400);
      expect(((await response.json()) as { error: string }).error).to.match(
        new RegExp(`^"${field}": expected `),
      );
    });
  }
});

describe('the rates', () => {
  it('are the calls of this process by operation, outcome and minute', async () => {
    const page = pageOf(new DeskInMemory(), { rates: true });
    const pay = makeIdempotent(async ({ id }: { id: number }) => id, { name: 'rates.pay', key: 'id' });
    await pay({ id: 1 });
    await pay({ id: 1 });
    await pay({ id: 2 });
    const { minutes, since, now } = await answerOf<RatesAnswer>(page, 'rates', {});
    expect(since).to.be.at.most(now);
    const counts = minutes.flatMap(({ operations }) =>
      operations.filter(({ operation }) => operation === 'rates.pay'),
    );
    const sum = (name: 'completed' | 'replayed') =>
      counts.reduce((total, one) => total + (one.counts[name] ?? 0), 0);
    expect([sum('completed'), sum('replayed')]).to.deep.equal([2, 1]);
    for (const { at } of minutes) expect(at % 60_000).to.equal(0);
  });

  it('stay few where a program makes names of data', async () => {
    const page = pageOf(new DeskInMemory(), { rates: true });
    const refused = channel('retrysafe:refused');
    for (let count = 0; count < 500; count += 1)
      refused.publish({ operation: `made-${count}`, key: 'x', attempt: 1, duration: 0, code: 'x' });
    const { minutes } = await answerOf<RatesAnswer>(page, 'rates', {});
    for (const { operations } of minutes) expect(operations.length).to.be.at.most(100);
    expect(minutes.some(({ others }) => (others?.refused ?? 0) > 0)).to.equal(true);
  });

  it('are not counted where they are switched off', async () => {
    expect((await post(pageOf(new DeskInMemory()), 'rates', {})).status).to.equal(404);
  });
});
