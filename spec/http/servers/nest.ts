// biome-ignore-all lint/suspicious/noExplicitAny: frameworks of several versions, which may not be installed where types are checked

import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Load, ServerUnderTest, TestApplication } from '../suite/test-application.js';

const facts = {
  native: ['/payments/res', '/payments/observable', '/payments/service'],
  frameworkError: { status: 422, text: /^handled: ERR_IDEMPOTENCY_FINGERPRINT$/ },
};

/** `retrysafe/nestjs` on NestJS 11 and Express. */
export const nestServer: ServerUnderTest = {
  title: 'retrysafe/nestjs on NestJS 11 and Express',
  ...facts,
  start: (application, load) => start(application, load, 'express'),
};

/** `retrysafe/nestjs` on NestJS 11 and Fastify. */
export const nestFastifyServer: ServerUnderTest = {
  title: 'retrysafe/nestjs on NestJS 11 and Fastify',
  ...facts,
  start: (application, load) => start(application, load, 'fastify'),
};

/** `retrysafe/nestjs` on NestJS 10 and Express. */
export const nest10Server: ServerUnderTest = {
  title: 'retrysafe/nestjs on NestJS 10 and Express',
  ...facts,
  start: (application, load) => start(application, load, 'express'),
};

type Platform = 'express' | 'fastify';

async function start(application: TestApplication, load: Load, platform: Platform) {
  const nest = await load('@nestjs/common');
  const { NestFactory } = await load('@nestjs/core');
  const { IdempotencyModule } = await load('retrysafe/nestjs');
  const { store, options } = application;
  class AppModule {}
  nest.Module({
    imports: [IdempotencyModule.forRoot({ store, scope: (request: any) => request.user?.id, ...options })],
    controllers: [await controllerOf(application, load, platform)],
  })(AppModule);
  const quiet = { logger: false, abortOnError: false };
  const app =
    platform === 'express'
      ? await NestFactory.create(AppModule, quiet)
      : await NestFactory.create(AppModule, await fastifyAdapter(load), quiet);
  await addMiddleware(app, load, platform);
  app.useGlobalGuards(authentication(nest));
  app.useGlobalFilters(...(await filters(nest, load)));
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await app.close();
    },
  };
}

async function fastifyAdapter(load: Load) {
  const { FastifyAdapter } = await load('@nestjs/platform-fastify');
  return new FastifyAdapter();
}

async function addMiddleware(app: any, load: Load, platform: Platform) {
  let remaining = 1_000_000;
  const headers = () => {
    remaining -= 1;
    return {
      'X-Request-Id': crypto.randomUUID(),
      'Access-Control-Allow-Origin': '*',
      'X-Rate-Limit-Remaining': String(remaining),
    };
  };
  if (platform === 'express')
    return void app.use((_req: any, res: any, next: () => void) => {
      res.set(headers());
      next();
    });
  const multipart = await load('@fastify/multipart');
  await app.register(multipart.default ?? multipart);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (_request: any, reply: any) => void reply.headers(headers()));
}

function authentication({ UnauthorizedException }: any) {
  return {
    canActivate(context: any) {
      const request = context.switchToHttp().getRequest();
      const [, id] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
      if (id !== undefined) request.user = { id };
      if (id === undefined && request.method === 'POST' && !request.originalUrl.startsWith('/open'))
        throw new UnauthorizedException('who?');
      return true;
    },
  };
}

async function filters({ Catch, UnauthorizedException }: any, load: Load) {
  const { IdempotencyError } = await load('retrysafe');
  class UnauthorizedFilter {
    catch(_error: unknown, host: any) {
      host.switchToHttp().getResponse().status(401).send('who?');
    }
  }
  class ErrorFilter {
    catch(error: { statusCode: number; code: string }, host: any) {
      host.switchToHttp().getResponse().status(error.statusCode).send(`handled: ${error.code}`);
    }
  }
  Catch(UnauthorizedException)(UnauthorizedFilter);
  Catch(IdempotencyError)(ErrorFilter);
  return [new UnauthorizedFilter(), new ErrorFilter()];
}

/** Decorates a method, since nothing compiles decorators of Nest's here. */
export function decorate(
  { prototype }: { prototype: any },
  name: string,
  decorators: readonly ((...args: any[]) => any)[],
  ofParameters: readonly ((...args: any[]) => void)[] = [],
): void {
  for (const [index, one] of ofParameters.entries()) one(prototype, name, index);
  // The last one is nearest to the method.
  for (const one of [...decorators].reverse()) {
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, one(prototype, name, property) ?? property);
  }
}

async function controllerOf(application: TestApplication, load: Load, platform: Platform) {
  const nest = await load('@nestjs/common');
  const { Body, Controller, Get, Header, HttpCode, Param, Post, Put, Redirect, Res } = nest;
  const { IdempotentRoute } = await load('retrysafe/nestjs');
  const routes = classOf(application, nest, await libraryOf(load));
  const guarded = (name: string, path: string, ...more: any[]) =>
    decorate(routes, name, [Post(path), IdempotentRoute(), ...more], parametersOf[name] ?? []);
  const passthrough = Res({ passthrough: true });
  const parametersOf: Record<string, any[]> = {
    pay: [Body(), passthrough],
    paySent: [Body(), Res()],
    payObservable: [Body(), passthrough],
    payService: [Body(), passthrough],
    account: [Param('id')],
    html: [passthrough],
    status: [Param('status'), passthrough],
    privately: [passthrough],
    validated: [Body(new (amountPipe(nest))())],
  };
  guarded('pay', 'payments');
  guarded('paySent', 'payments/res');
  guarded('payObservable', 'payments/observable');
  guarded('payService', 'payments/service');
  decorate(routes, 'put', [IdempotentRoute(), Put('payments')]);
  decorate(routes, 'list', [Get('payments')]);
  guarded('account', 'accounts/:id/payments');
  guarded('created', 'open/payments');
  guarded('text', 'text', HttpCode(200), Header('Content-Type', 'text/plain'));
  guarded('html', 'html', HttpCode(202), Header('Content-Type', 'text/html; charset=utf-8'));
  guarded('nothing', 'nothing', HttpCode(204));
  guarded('redirect', 'redirect', Redirect('/payments', 303));
  guarded('bytes', 'bytes', HttpCode(200));
  guarded('status', 'status/:status');
  guarded('privately', 'private', HttpCode(200));
  guarded('stream', 'stream', HttpCode(200));
  guarded('download', 'download', HttpCode(200));
  guarded('large', 'large', HttpCode(200), Header('Content-Type', 'text/plain'));
  guarded('broken', 'broken', HttpCode(200), Header('Content-Type', 'text/plain'));
  guarded('execution', 'execution', HttpCode(200));
  guarded('completion', 'completion');
  guarded('validated', 'validated');
  guarded('upload', 'upload', ...(await formReader(nest, load, platform)));
  Controller()(routes);
  return routes;
}

async function libraryOf(load: Load) {
  const { currentExecution, Idempotent } = await load('retrysafe');
  const { responseOutcome } = await load('retrysafe/http');
  const { of } = await load('rxjs');
  return { currentExecution, Idempotent, responseOutcome, of };
}

/** On Fastify, nobody reads the form before the handler. */
async function formReader({ UseInterceptors }: any, load: Load, platform: Platform) {
  if (platform === 'fastify') return [];
  const { AnyFilesInterceptor } = await load('@nestjs/platform-express');
  return [UseInterceptors(AnyFilesInterceptor())];
}

function amountPipe({ BadRequestException }: any) {
  return class AmountPipe {
    transform(body: { amount: unknown }) {
      if (typeof body.amount !== 'number') throw new BadRequestException('amount is no number');
      return body;
    }
  };
}

function classOf(
  application: TestApplication,
  { HttpException, StreamableFile }: any,
  { currentExecution, Idempotent, responseOutcome, of }: any,
) {
  const paid = async ({ amount }: { amount: unknown }) => {
    const run = await application.run();
    return { run, amount };
  };
  class Payments {
    async pay(body: { amount: unknown }) {
      return paid(body);
    }
  }
  decorate(Payments, 'pay', [
    Idempotent({ name: 'payments.pay', key: () => currentExecution().key, store: application.store }),
  ]);
  const payments = new Payments();
  return class PaymentsController {
    async pay(body: any, res: any) {
      const { run, amount } = await paid(body);
      res.header('Location', `/payments/${run}`).header('X-Run', String(run));
      return { run, amount };
    }

    async paySent(body: any, res: any) {
      const { run, amount } = await paid(body);
      res
        .status(201)
        .header('Location', `/payments/${run}`)
        .header('X-Run', String(run))
        .send({ run, amount });
    }

    async payObservable(body: any, res: any) {
      return of(await this.pay(body, res));
    }

    async payService(body: any, res: any) {
      const { run, amount } = await payments.pay(body);
      res.header('Location', `/payments/${run}`).header('X-Run', String(run));
      return { run, amount };
    }

    async put() {
      return { run: await application.run() };
    }

    list() {
      return { ok: true };
    }

    async account(id: string) {
      return { run: await application.run(), account: id };
    }

    async created() {
      return { run: await application.run() };
    }

    async upload() {
      return { run: await application.run() };
    }

    async validated() {
      return { run: await application.run() };
    }

    async text() {
      return `run ${await application.run()}`;
    }

    async html(res: any) {
      const run = await application.run();
      res.header('Link', ['<a>; rel=x', '<b>; rel=y']);
      return `<p>run ${run}</p>`;
    }

    async nothing() {
      await application.run();
    }

    async redirect() {
      return { url: `/payments/${await application.run()}` };
    }

    async bytes() {
      const run = await application.run();
      return new StreamableFile(Buffer.from([...Array.from({ length: 256 }, (_, index) => index), run]));
    }

    async status(status: string, res: any) {
      const run = await application.run();
      if (Number(status) >= 400) throw new HttpException({ run }, Number(status));
      res.status(Number(status));
      return { run };
    }

    async privately(res: any) {
      const run = await application.run();
      res.header('Set-Cookie', `session=${run}`).header('Connection', 'keep-alive');
      return { run };
    }

    async stream() {
      await application.run();
      return new StreamableFile(Readable.from(application.parts()), { type: 'application/x-ndjson' });
    }

    async download() {
      await application.run();
      const parts = async function* () {
        yield '01234';
        for await (const _ of application.parts()) break;
        yield '56789';
      };
      return new StreamableFile(Readable.from(parts()), { length: 10 });
    }

    async large() {
      await application.run();
      return 'x'.repeat(400_000);
    }

    async broken() {
      await application.run();
      const parts = async function* () {
        yield 'begun';
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('the stream broke');
      };
      return new StreamableFile(Readable.from(parts()));
    }

    async execution() {
      await application.run();
      const { key, attempt, signal } = currentExecution();
      application.see(signal);
      return { key, attempt };
    }

    async completion() {
      const run = await application.run();
      const outcome = responseOutcome({ status: 201, body: { run } });
      const { record, token } = await currentExecution().completion(outcome);
      await application.store.replace(record, token);
      return { run };
    }
  };
}
