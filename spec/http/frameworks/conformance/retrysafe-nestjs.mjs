// `IdempotentRoute` of retrysafe/nestjs on routes of NestJS 11 with Fastify. Decorators are called by hand, so that this needs no
// compiler.
import { createRequire } from 'node:module';
import { InMemoryStore } from 'retrysafe';
import { IdempotencyModule, IdempotentRoute } from 'retrysafe/nestjs';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

const require = createRequire(import.meta.url);

export const name = 'retrysafe/nestjs, NestJS 11, Fastify';

export async function start() {
  const { Module, UnauthorizedException } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { FastifyAdapter } = require('@nestjs/platform-fastify');
  const payments = makePayments();
  const userOf = (request) => payments.authenticate(request.headers.authorization);

  class AppModule {}
  Module({
    imports: [
      IdempotencyModule.forRoot({
        store: new InMemoryStore(),
        scope: userOf,
        problemTypes: 'https://api.example.com/problems/',
      }),
    ],
    controllers: [controllerOf(payments)],
  })(AppModule);

  const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  app.useBodyParser('application/octet-stream');
  app.useGlobalGuards({
    canActivate(context) {
      const request = context.switchToHttp().getRequest();
      if (request.url === paths.effects || userOf(request)) return true;
      throw new UnauthorizedException();
    },
  });
  await app.listen(0, '127.0.0.1');
  const server = await listening(app.getHttpServer());
  return {
    ...server,
    async close() {
      app.getHttpServer().closeAllConnections();
      await app.close();
    },
  };
}

function controllerOf(payments) {
  const { Body, Controller, Get, HttpException, Post, Req, Res, StreamableFile } = require('@nestjs/common');

  class PaymentsController {
    list() {
      return [];
    }

    effects() {
      return { effects: payments.effects };
    }

    async pay(order, request, reply) {
      const { status, headers, body } = await payments.pay(order, request.url);
      if (status >= 400) throw new HttpException(body, status);
      reply.status(status).headers(headers);
      return body;
    }

    upload(bytes) {
      return new StreamableFile(payments.upload(bytes));
    }
  }

  const decorate = (method, decorators, ofParameters = []) => {
    const { prototype } = PaymentsController;
    for (const [index, one] of ofParameters.entries()) one(prototype, method, index);
    // The last one is nearest to the method.
    for (const one of decorators.reverse()) {
      const property = Object.getOwnPropertyDescriptor(prototype, method);
      Object.defineProperty(prototype, method, one(prototype, method, property) ?? property);
    }
  };
  decorate('list', [Get(paths.payments)]);
  decorate('effects', [Get(paths.effects)]);
  const payable = [paths.payments, paths.slow, paths.refunds];
  decorate('pay', [Post(payable), IdempotentRoute()], [Body(), Req(), Res({ passthrough: true })]);
  decorate('upload', [Post(paths.files), IdempotentRoute()], [Body()]);
  Controller()(PaymentsController);
  return PaymentsController;
}
