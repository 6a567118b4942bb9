import { Readable } from 'node:stream';
import {
  Controller,
  Header,
  HttpCode,
  type INestApplication,
  Post,
  Redirect,
  Render,
  Res,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { expect } from 'chai';
import { currentExecution } from 'retrysafe';
import { IdempotentRoute } from 'retrysafe/nestjs';
import { EMPTY, from, Observable, of, Subject, throwError } from 'rxjs';
import { defer } from '../support/defer.js';
import { until } from '../support/until.js';
import { decorate } from './servers/nest.js';
import { startApplication, stopApplications } from './servers/nest-application.js';
import type { Answer, HttpClient, Sent } from './suite/http-client.js';

const sent = { key: 'k-1', body: { amount: 1 } };

describe('what routes of NestJS return', () => {
  let runs = 0;
  beforeEach(() => {
    runs = 0;
  });
  afterEach(stopApplications);

  /** Starts an application whose one route has this method and these decorators. */
  async function serve(
    handler: (...args: never[]) => unknown,
    decorators: readonly MethodDecorator[] = [],
    parameters: readonly ParameterDecorator[] = [],
    prepare?: (app: INestApplication) => unknown,
  ) {
    class PaymentsController {
      pay(...args: never[]) {
        runs += 1;
        return handler(...args);
      }
    }
    const all = [...decorators, IdempotentRoute()];
    const isSse = decorators.some((one) => one === sse);
    decorate(
      PaymentsController,
      'pay',
      [...(isSse ? [] : [Post('payments')]), ...all] as never,
      parameters as never,
    );
    Controller()(PaymentsController);
    return startApplication({ controllers: [PaymentsController], ...(prepare && { prepare }) });
  }

  const sse: MethodDecorator = (target, name, property) => {
    (Sse('payments') as (...args: unknown[]) => void)(target, name, property);
    Reflect.defineMetadata('method', 1, property.value as object);
  };

  async function twice(client: HttpClient) {
    const first = await client.send(sent);
    const second = await client.send(sent);
    expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
    expect(second.headers.get('idempotency-replayed')).to.equal('true');
    expect(second.headers.get('content-type')).to.equal(first.headers.get('content-type'));
    expect(runs).to.equal(1);
    return first;
  }

  /** Asks until the first request has ended. */
  const retried = (client: HttpClient, request: Sent = sent): Promise<Answer> =>
    until('the first request ends', async () => {
      const answer = await client.send(request);
      return answer.status === 409 ? undefined : answer;
    });

  for (const [what, value, text, type] of [
    ['an object', { run: 1 }, '{"run":1}', 'application/json; charset=utf-8'],
    ['a text', 'run 1', 'run 1', 'text/html; charset=utf-8'],
    ['a number', 1, '1', 'text/html; charset=utf-8'],
    ['nothing', undefined, '', undefined],
    [
      'bytes, which Express sends as JSON',
      Buffer.from('ab'),
      '{"type":"Buffer","data":[97,98]}',
      'application/json; charset=utf-8',
    ],
    ['a file', new StreamableFile(Buffer.from('ab')), 'ab', 'application/octet-stream'],
    ['an Observable', of({ run: 1 }), '{"run":1}', 'application/json; charset=utf-8'],
    ['the last value of an Observable', from(['a', 'b']), 'b', 'text/html; charset=utf-8'],
  ] as const)
    it(`replays ${what}`, async () => {
      const { client, logged } = await serve(() => value);
      const first = await twice(client);
      expect([first.status, first.text, first.headers.get('content-type')]).to.deep.equal([201, text, type]);
      expect(logged).to.deep.equal([]);
    });

  it('answers an Observable without a value as Nest does, and frees the key', async () => {
    const { client } = await serve(() => (runs === 1 ? EMPTY : of('paid')));
    expect((await client.send(sent)).status).to.equal(500);
    expect((await client.send(sent)).text).to.equal('paid');
  });

  it('knows the run where an Observable does its work', async () => {
    const { client } = await serve(
      () =>
        new Observable((subscriber) => {
          subscriber.next(currentExecution().attempt);
          subscriber.complete();
        }),
    );
    expect((await twice(client)).text).to.equal('1');
  });

  it('knows the run where a file is made', async () => {
    const { client } = await serve(() => {
      const made = async function* () {
        yield `attempt ${currentExecution().attempt}`;
      };
      return new StreamableFile(Readable.from(made()));
    });
    expect((await twice(client)).text).to.equal('attempt 1');
  });

  it('records the failure of an Observable as an error of the handler', async () => {
    const { client } = await serve(() => (runs === 1 ? throwError(() => new Error('closed')) : of('paid')));
    expect((await client.send(sent)).status).to.equal(500);
    expect((await client.send(sent)).text).to.equal('paid');
  });

  it('goes on with an Observable whose client hangs up', async () => {
    const values = new Subject<string>();
    const begun = defer();
    let isCancelled = false;
    const { app, client } = await serve(() => {
      begun.resolve();
      return new Observable((subscriber) => {
        const subscription = values.subscribe(subscriber);
        return () => {
          isCancelled ||= !subscription.closed;
          subscription.unsubscribe();
        };
      });
    });
    const request = client.open(sent);
    await begun.promise;
    request.hangUp();
    await until('the connection closes', async () => (await connections(app)) === 0);
    values.next('paid');
    values.complete();
    const retry = await retried(client);
    expect([retry.status, retry.text, runs, isCancelled]).to.deep.equal([201, 'paid', 1, false]);
  });

  describe('server-sent events', () => {
    it('reach the client as they are made, and replay as a stream', async () => {
      const values = new Subject<{ data: string }>();
      const { client } = await serve(() => values, [sse, HttpCode(200)]);
      const { head } = client.open(sent);
      const answer = await head;
      expect(answer.headers.get('content-type')).to.match(/^text\/event-stream/);
      values.next({ data: 'one' });
      await until('the first event comes', () => answer.received().includes('data: one'));
      values.next({ data: 'two' });
      values.complete();
      expect(await answer.ended).to.equal(true);
      const replay = await client.send(sent);
      expect(replay.text).to.equal(answer.received());
      expect(replay.text).to.match(/data: one\n\n.*data: two\n\n$/s);
      expect(replay.headers.get('idempotency-replayed')).to.equal('true');
      expect(replay.headers.get('transfer-encoding')).to.equal('chunked');
      expect(runs).to.equal(1);
    });

    it('are recorded whole where the client hangs up', async () => {
      const values = new Subject<{ data: string }>();
      const { app, client } = await serve(() => values, [sse]);
      const answer = await client.open(sent).head;
      values.next({ data: 'one' });
      await until('the first event comes', () => answer.received().includes('data: one'));
      answer.hangUp();
      await until('the connection closes', async () => (await connections(app)) === 0);
      values.next({ data: 'two' });
      values.complete();
      const retry = await retried(client);
      expect(retry.text).to.match(/data: one\n\n.*data: two\n\n$/s);
      expect(runs).to.equal(1);
    });

    it('that fail break the connection, and free the key', async () => {
      const values = new Subject<{ data: string }>();
      const { client } = await serve(() => (runs === 1 ? values : of({ data: 'again' })), [sse]);
      const answer = await client.open(sent).head;
      values.next({ data: 'one' });
      await until('the first event comes', () => answer.received().includes('data: one'));
      values.error(new Error('the bank is closed'));
      expect(await answer.ended).to.equal(false);
      expect((await retried(client)).text).to.match(/data: again/);
      expect(runs).to.equal(2);
    });
  });

  describe('headers of @Header()', () => {
    it('are the outcome of the route, and are on no refusal', async () => {
      let made = 0;
      const { client } = await serve(
        () => '{}',
        [
          Header('Cache-Control', 'max-age=60'),
          Header('X-Made', () => String(++made)),
          Header('Content-Disposition', 'attachment'),
        ],
      );
      const first = await twice(client);
      expect([first.headers.get('cache-control'), first.headers.get('x-made')]).to.deep.equal([
        'max-age=60',
        '1',
      ]);
      const replay = await client.send(sent);
      expect(replay.headers.get('x-made')).to.equal('1');
      const refused = await client.send({ ...sent, body: { amount: 2 } });
      expect(refused.status).to.equal(422);
      expect(refused.headers.lines.map(([name]) => name)).not.to.include.members(['cache-control']);
      expect(refused.headers.get('content-disposition')).to.equal(undefined);
    });
  });

  it('replays a redirection', async () => {
    const { client } = await serve(() => ({ url: '/payments/7', statusCode: 303 }), [Redirect('/')]);
    expect((await twice(client)).status).to.equal(303);
    expect((await client.send(sent)).headers.get('location')).to.equal('/payments/7');
  });

  it('replays a page that is rendered', async () => {
    const { client } = await serve(
      () => ({ name: 'alice' }),
      [Render('page.view')],
      [],
      (app) => {
        const express = app.getHttpAdapter().getInstance();
        const view = class {
          path = 'page.view';
          render({ name }: { name: string }, done: (error: null, html: string) => void) {
            done(null, `<p>${name}</p>`);
          }
        };
        express.set('view', view);
      },
    );
    expect((await twice(client)).text).to.equal('<p>alice</p>');
  });

  it('replays what a handler writes itself, later than it returns', async () => {
    const gate = defer();
    const { client } = await serve(
      (res: { status(code: number): { json(body: unknown): void } }) => {
        gate.promise.then(() => res.status(202).json({ run: runs }));
      },
      [],
      [Res()],
    );
    const first = client.send(sent);
    await until('it runs', () => runs === 1);
    expect((await client.send(sent)).status).to.equal(409);
    gate.resolve();
    expect((await first).status).to.equal(202);
    expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
  });

  it('frees the key after a file whose stream fails', async () => {
    const failing = () =>
      Readable.from(
        (async function* () {
          yield 'begun';
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error('the disk is gone');
        })(),
      );
    const { client } = await serve(() => new StreamableFile(failing()), [HttpCode(200)]);
    for (const run of [1, 2]) {
      const answer = await client.open(sent).head.catch(() => undefined);
      if (answer) expect(await answer.ended).to.equal(false);
      expect(runs).to.equal(run);
    }
  });
});

function connections(app: INestApplication): Promise<number> {
  return new Promise((resolve, reject) =>
    app
      .getHttpServer()
      .getConnections((error: Error | null, count: number) => (error ? reject(error) : resolve(count))),
  );
}
