// biome-ignore-all lint/suspicious/noExplicitAny: a framework that may not be installed where types are checked

import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { InMemoryStore, InProgressError } from 'retrysafe';
import { defer } from '../support/defer.js';
import { pending } from '../support/pending.js';
import { until } from '../support/until.js';
import { decorate } from './servers/nest.js';
import { HttpClient } from './suite/http-client.js';
import { isInstalled, loader } from './suite/load.js';
import type { Load } from './suite/test-application.js';

const sent = { key: 'k-1', body: { amount: 1 } };

describe('NestJS on Fastify', () => {
  let load: Load;
  let nest: any;
  let app: any;
  let client: HttpClient;
  let runs = 0;

  before(async function () {
    if (!isInstalled('frameworks')) pending(this, 'frameworks is not installed: npm run install:frameworks');
    load = await loader('frameworks', 'CommonJS');
    nest = await load('@nestjs/common');
  });
  beforeEach(() => {
    runs = 0;
  });
  afterEach(async () => {
    client?.close();
    app?.getHttpServer().closeAllConnections();
    await app?.close();
  });

  /** Starts an application whose one route has this method and these decorators. */
  async function serve(
    handler: (...args: any[]) => unknown,
    {
      decorators = [],
      parameters = [],
      prepare = () => {},
      route = nest.Post('payments'),
    }: {
      decorators?: readonly any[];
      parameters?: readonly any[];
      prepare?: (fastify: any) => unknown;
      route?: any;
    } = {},
  ) {
    const { NestFactory } = await load('@nestjs/core');
    const { FastifyAdapter } = await load('@nestjs/platform-fastify');
    const { IdempotencyModule, IdempotentRoute } = await load('retrysafe/nestjs');
    class PaymentsController {
      pay(...args: unknown[]) {
        runs += 1;
        return handler(...args);
      }
    }
    decorate(PaymentsController, 'pay', [route, ...decorators, IdempotentRoute()], parameters);
    nest.Controller()(PaymentsController);
    class AppModule {}
    const imports = [IdempotencyModule.forRoot({ store: new InMemoryStore(), scope: 'public' })];
    nest.Module({ imports, controllers: [PaymentsController] })(AppModule);
    app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    await prepare(app.getHttpAdapter().getInstance());
    await app.listen(0, '127.0.0.1');
    client = new HttpClient((app.getHttpServer().address() as AddressInfo).port);
  }

  async function twice() {
    const first = await client.send(sent);
    const second = await client.send(sent);
    expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
    expect(second.headers.get('idempotency-replayed')).to.equal('true');
    expect(runs).to.equal(1);
    return [first, second] as const;
  }

  it('gives every answer the headers of hooks, and a handler may change or remove them', async () => {
    let asked = 0;
    await serve(
      (reply: any) => {
        reply.removeHeader('x-frame').header('x-limit', 'of the handler');
        return { run: runs };
      },
      {
        decorators: [nest.Header('X-Made', () => String(++asked))],
        parameters: [nest.Res({ passthrough: true })],
        prepare: (fastify) =>
          fastify.addHook('onRequest', async (request: any, reply: any) => {
            reply.headers({ 'x-frame': 'deny', 'x-limit': '10', 'x-id': request.id });
          }),
      },
    );
    const [first, second] = await twice();
    expect(first.headers.get('x-frame')).to.equal(undefined);
    for (const { headers } of [first, second])
      expect([headers.get('x-limit'), headers.get('x-made')]).to.deep.equal(['of the handler', '1']);
    expect(second.headers.get('x-id')).not.to.equal(first.headers.get('x-id'));
    const refused = await client.send({ ...sent, body: { amount: 2 } });
    expect([refused.status, refused.headers.get('x-frame'), refused.headers.get('x-limit')]).to.deep.equal([
      422,
      'deny',
      '10',
    ]);
    expect(refused.headers.get('x-made')).to.equal(undefined);
    expect(refused.headers.get('content-type')).to.equal('application/problem+json');
  });

  it('replays what hooks have made of an answer, once', async () => {
    let sends = 0;
    await serve(() => ({ run: runs }), {
      prepare: (fastify) =>
        fastify.addHook('onSend', async (_request: any, reply: any, payload: string) => {
          sends += 1;
          reply.header('x-sends', sends);
          return `{"data":${payload}}`;
        }),
    });
    const [first, second] = await twice();
    expect(first.json).to.deep.equal({ data: { run: 1 } });
    expect(second.headers.get('x-sends')).to.equal('1');
    expect(sends).to.equal(1);
  });

  for (const [what, write] of [
    ['by the reply', (reply: any) => reply.code(202).send({ run: runs })],
    [
      'with a stream',
      (reply: any) =>
        reply
          .code(202)
          .type('text/plain')
          .send(Readable.from(['a', 'b'])),
    ],
    [
      'by a reply that was taken over',
      (reply: any) => {
        reply.hijack();
        reply.raw.writeHead(202, { 'x-own': '1' });
        reply.raw.end('taken over');
      },
    ],
    [
      'by the response of Node.js',
      (reply: any) => {
        reply.raw.statusCode = 202;
        reply.raw.end('raw');
      },
    ],
  ] as const)
    it(`replays what a handler sends ${what}`, async () => {
      await serve((reply) => void write(reply), { parameters: [nest.Res()] });
      const [first] = await twice();
      expect(first.status).to.equal(202);
    });

  it('answers an error of this library inside of the handler by problem details', async () => {
    await serve(
      () => {
        throw new InProgressError('bank.charge: advice', {
          operation: 'bank',
          key: 'k',
          retryAfter: 7,
        } as never);
      },
      {
        prepare: (fastify) =>
          fastify.addHook('onRequest', async (_request: any, reply: any) => {
            reply.header('x-frame', 'deny');
          }),
      },
    );
    const { status, json, headers } = await client.send(sent);
    expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:in-progress']);
    expect(headers.get('content-type')).to.equal('application/problem+json');
    expect([headers.get('retry-after'), headers.get('x-frame')]).to.deep.equal(['7', 'deny']);
  });

  it('goes on with an Observable, or with server-sent events, whose client hangs up', async () => {
    const { Observable } = await load('rxjs');
    const events = (target: any, name: string, property: any) => {
      nest.Sse('payments')(target, name, property);
      Reflect.defineMetadata('method', 1, property.value);
    };
    for (const [route, text] of [
      [nest.Post('payments'), /^paid$/],
      [events, /data: paid\n\n$/],
    ]) {
      const begun = defer<any>();
      await serve(() => new Observable((subscriber: any) => begun.resolve(subscriber)), { route });
      const request = client.open(sent);
      const subscriber = await begun.promise;
      request.hangUp();
      const server = app.getHttpServer();
      await until(
        'the connection closes',
        () =>
          new Promise<boolean>((resolve) =>
            server.getConnections((_: unknown, count: number) => resolve(count === 0)),
          ),
      );
      subscriber.next('paid');
      subscriber.complete();
      const retry = await until('the first request ends', async () => {
        const answer = await client.send(sent);
        return answer.status === 409 ? undefined : answer;
      });
      expect(retry.text).to.match(text);
      expect(retry.headers.get('idempotency-replayed')).to.equal('true');
      client.close();
      await app.close();
    }
    expect(runs).to.equal(2);
  });

  it('records the bytes of a compression, for clients that accept it', async () => {
    const compress = await load('@fastify/compress');
    await serve(() => 'x'.repeat(5_000), {
      prepare: (fastify) => fastify.register(compress.default ?? compress),
    });
    const gzip = { ...sent, headers: { 'accept-encoding': 'gzip' } };
    const first = await client.send(gzip);
    const second = await client.send(gzip);
    expect(second.headers.get('content-encoding')).to.equal('gzip');
    expect(second.bytes.equals(first.bytes)).to.equal(true);
    expect((await client.send({ ...sent, headers: { 'accept-encoding': 'identity' } })).status).to.equal(406);
  });
});
