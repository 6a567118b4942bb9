// @node-idempotency/nestjs on NestJS 10 with Express, as its README sets it up. Decorators are called by hand, so that this needs no
// compiler.
import { createRequire } from 'node:module';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

const require = createRequire(new URL('../../nest-10/package.json', import.meta.url));

export const name = '@node-idempotency/nestjs 1.0.4, NestJS 10';

export async function start() {
  const { Module, UnauthorizedException } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { NodeIdempotencyModule } = require('@node-idempotency/nestjs');
  const payments = makePayments();

  class AppModule {}
  Module({
    imports: [
      NodeIdempotencyModule.forRootAsync({ storage: { adapter: 'memory' }, enforceIdempotency: true }),
    ],
    controllers: [controllerOf(payments)],
  })(AppModule);

  const app = await NestFactory.create(AppModule, { logger: false });
  app.useBodyParser('raw');
  app.useGlobalGuards({
    canActivate(context) {
      const request = context.switchToHttp().getRequest();
      if (request.path === paths.effects || payments.authenticate(request.headers.authorization)) return true;
      throw new UnauthorizedException();
    },
  });
  await app.listen(0, '127.0.0.1');
  // The marker has another name there, which its documents say.
  const { close, ...server } = await listening(app.getHttpServer(), { marker: 'Idempotent-Replayed' });
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
  const { Idempotent } = require('@node-idempotency/nestjs');

  class PaymentsController {
    list() {
      return [];
    }

    effects() {
      return { effects: payments.effects };
    }

    async pay(order, request, response) {
      const { status, headers, body } = await payments.pay(order, request.path);
      if (status >= 400) throw new HttpException(body, status);
      response.status(status).set(headers);
      return body;
    }

    upload(bytes) {
      return new StreamableFile(payments.upload(bytes));
    }
  }

  Controller()(PaymentsController);
  const decorate = (method, decorators, ofParameters = []) => {
    const { prototype } = PaymentsController;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
    for (const [index, one] of ofParameters.entries()) one(prototype, method, index);
    for (const one of decorators) one(prototype, method, descriptor);
  };
  decorate('list', [Get(paths.payments)]);
  decorate('effects', [Get(paths.effects)]);
  const payable = [paths.payments, paths.slow, paths.refunds];
  decorate('pay', [Idempotent(), Post(payable)], [Body(), Req(), Res({ passthrough: true })]);
  decorate('upload', [Idempotent(), Post(paths.files)], [Body()]);
  return PaymentsController;
}

const noSyntax = 'It takes any text of up to 256 characters as a key.';
const contentTypeOnly = 'Of the header fields, it keeps `Content-Type` alone.';
const plainErrors = 'Its errors are those of Nest, in plain JSON without a link.';

export const because = {
  'key-malformed': noSyntax,
  'key-several-lines': noSyntax,
  'key-empty-string': noSyntax,
  'key-bare': 'It takes the field as it is written, with its quotes.',
  'replay-headers': contentTypeOnly,
  'lost-body': contentTypeOnly,
  'json-spelling':
    'Its fingerprint is that of `JSON.stringify(body)`, which depends on the order of members.',
  scope: 'Its keys are made of method, path and field. No option adds who asks.',
  'binary-replay': 'It keeps what a handler returned as JSON, of which no bytes come back.',
  'problem-details': plainErrors,
  'problem-link': plainErrors,
};
