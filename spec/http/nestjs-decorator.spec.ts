import {
  Body,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  Param,
  Post,
  Put,
  Scope,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { expect } from 'chai';
import { currentExecution, Idempotent, InMemoryStore } from 'retrysafe';
import { IDEMPOTENCY_OPTIONS, IdempotencyModule, IdempotentRoute } from 'retrysafe/nestjs';
import { catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';
import { decorate } from './servers/nest.js';
import { startApplication, stopApplications } from './servers/nest-application.js';

const sent = { key: 'k-1', body: { amount: 1 } };
const configurationError = { code: 'ERR_IDEMPOTENCY_CONFIGURATION' };

/** A controller whose routes count how often they run. */
function countingController() {
  return class PaymentsController {
    readonly bank = 'DNA';
    runs = 0;
    pay(_body?: unknown) {
      this.runs += 1;
      return { run: this.runs, by: this.bank };
    }
    refund() {
      this.runs += 1;
      return { refund: this.runs };
    }
    list() {
      return [];
    }
  };
}

describe('@IdempotentRoute', () => {
  afterEach(stopApplications);

  describe('on a method', () => {
    for (const [place, order] of [
      ['above', (route: never, guarded: never) => [guarded, route]],
      ['below', (route: never, guarded: never) => [route, guarded]],
    ] as const)
      it(`may stand ${place} the decorator of the route`, async () => {
        const controller = countingController();
        const own = controller.prototype.pay;
        decorate(controller, 'pay', order(Post('payments') as never, IdempotentRoute() as never), [Body()]);
        Controller()(controller);
        const { client } = await startApplication({ controllers: [controller] });
        const first = await client.send(sent);
        expect([first.status, first.json]).to.deep.equal([201, { run: 1, by: 'DNA' }]);
        expect((await client.send(sent)).text).to.equal(first.text);
        const { pay } = controller.prototype;
        expect([pay.name, pay.length]).to.deep.equal([own.name, own.length]);
      });

    it('comes after guards, so that a replay needs authentication like a first call', async () => {
      const controller = countingController();
      class AuthGuard {
        canActivate(context: ExecutionContext) {
          if (context.switchToHttp().getRequest().headers.authorization === 'Bearer alice') return true;
          throw new UnauthorizedException();
        }
      }
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute(), UseGuards(AuthGuard)]);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller] });
      expect((await client.send(sent)).status).to.equal(201);
      const stolen = await client.send({ ...sent, user: null });
      expect([stolen.status, stolen.json.message]).to.deep.equal([401, 'Unauthorized']);
    });

    it('goes together with @Idempotent, in either order', async () => {
      const store = new InMemoryStore();
      const keys: string[] = [];
      for (const order of [1, -1]) {
        const controller = countingController();
        controller.prototype.pay = function (this: { runs: number }) {
          this.runs += 1;
          keys.push(currentExecution().key);
          if (this.runs === 1) throw new HttpException('declined', 402);
          return { run: this.runs, by: '' };
        };
        const both = [
          IdempotentRoute(),
          Idempotent({ name: `pay-${order}`, key: () => 'k', store, remember: [HttpException] }),
        ];
        decorate(controller, 'pay', [Post('payments'), ...(order === 1 ? both : both.reverse())] as never);
        Controller()(controller);
        const { client } = await startApplication({ controllers: [controller] });
        for (const isReplay of [undefined, 'true']) {
          const { status, headers } = await client.send(sent);
          expect([status, headers.get('idempotency-replayed')]).to.deep.equal([402, isReplay]);
        }
        // The service has its outcome for each key of the route.
        expect((await client.send({ ...sent, key: 'k-2' })).status).to.equal(402);
      }
      expect(keys.map((key) => key.split('#')[0])).to.deep.equal(['pay-1', 'pay--1']);
    });

    it('passes instance and arguments on where the method is called by itself', () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post(), IdempotentRoute()]);
      expect(new controller().pay()).to.deep.equal({ run: 1, by: 'DNA' });
    });

    it('has options that precede those of the module', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute({ header: 'X-Key', required: false })]);
      decorate(controller, 'refund', [Post('refunds'), IdempotentRoute({ required: undefined as never })]);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller], options: { maxKey: 3 } });
      const headers = { 'x-key': 'k-1' };
      const first = await client.send({ headers });
      expect((await client.send({ headers })).text).to.equal(first.text);
      expect((await client.send({ headers: { 'x-key': 'long' } })).status).to.equal(400);
      expect((await client.send({})).status).to.equal(201);
      expect((await client.send({ path: '/refunds' })).status).to.equal(400);
    });

    it('has a guard with limits of its own', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute({ maxRequest: 5 })]);
      decorate(controller, 'refund', [Post('refunds'), IdempotentRoute()]);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller] });
      expect((await client.send(sent)).status).to.equal(413);
      expect((await client.send({ ...sent, path: '/refunds' })).status).to.equal(201);
    });

    it('is an error where the route is called by other means than HTTP', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute()]);
      const { app } = await startApplication({ providers: [controller] });
      const instance = app.get(controller);
      const call = app
        .get(ExternalContextCreator)
        .create(
          instance,
          instance.pay as never,
          'pay',
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          'rpc',
        );
      const error = (await rejection(call({}))) as Error;
      expect(error).to.include(configurationError);
      expect(error.message).to.equal(
        '@IdempotentRoute on PaymentsController.pay: it was called by rpc and not by HTTP; use @Idempotent there',
      );
    });
  });

  describe('on a controller', () => {
    it('is for all of its routes that change something', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments')]);
      decorate(controller, 'refund', [Put('payments')]);
      decorate(controller, 'list', [Get('payments')]);
      IdempotentRoute()(controller);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller] });
      for (const method of ['POST', 'PUT']) {
        expect((await client.send({ method })).status).to.equal(400);
        const first = await client.send({ ...sent, method });
        expect((await client.send({ ...sent, method })).text).to.equal(first.text);
      }
      expect((await client.send({ method: 'GET' })).json).to.deep.equal([]);
    });

    it('leaves methods alone that say so, or have a guard of their own', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute(false)]);
      decorate(controller, 'refund', [Post('refunds'), IdempotentRoute({ header: 'X-Key' })]);
      IdempotentRoute({ maxKey: 2 })(controller);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller] });
      expect((await client.send({})).status).to.equal(201);
      const { status } = await client.send({ path: '/refunds', headers: { 'x-key': 'k-1' } });
      expect(status).to.equal(201);
    });

    it('knows a refusal by a pipe from one by the method', async () => {
      const controller = countingController();
      const pipe = {
        transform(value: { amount: number }) {
          if (value.amount < 0) throw new HttpException('wrong', 400);
          return value;
        },
      };
      decorate(controller, 'pay', [Post('payments')], [Body(pipe)]);
      IdempotentRoute()(controller);
      Controller()(controller);
      const { client } = await startApplication({ controllers: [controller] });
      expect((await client.send({ ...sent, body: { amount: -1 } })).status).to.equal(400);
      expect((await client.send(sent)).json.run).to.equal(1);
    });

    it('is inherited with the routes, and can be put anew on the class that inherits', async () => {
      const base = countingController();
      decorate(base, 'pay', [Post('payments')]);
      IdempotentRoute()(base);
      class Inheriting extends base {}
      class Adding extends base {
        add() {
          this.runs += 1;
          return { added: this.runs };
        }
      }
      class Deciding extends Adding {}
      decorate(Adding, 'add', [Post('added')]);
      IdempotentRoute({ header: 'X-Key' })(Deciding);
      Controller('inheriting')(Inheriting);
      Controller('adding')(Adding);
      Controller('deciding')(Deciding);
      const { client } = await startApplication({ controllers: [Inheriting, Adding, Deciding] });
      const inherited = { ...sent, path: '/inheriting/payments' };
      expect((await client.send(inherited)).json.run).to.equal(1);
      expect((await client.send(inherited)).json.run).to.equal(1);
      // What a pipe refuses there could not be told from what the method refuses.
      const warnings = catchWarnings();
      try {
        const { status, json } = await client.send({ ...sent, path: '/adding/added' });
        expect([status, json.type]).to.deep.equal([500, 'urn:retrysafe:problem:misconfigured']);
        expect(warnings.texts('RETRYSAFE_MISCONFIGURED')).to.deep.equal([
          '@IdempotentRoute on the class that Adding extends: the route add is not in that class; put @IdempotentRoute() on Adding',
        ]);
      } finally {
        warnings.restore();
      }
      for (const path of ['/deciding/payments', '/deciding/added']) {
        const headers = { 'x-key': path };
        const first = await client.send({ path, headers });
        expect(first.status).to.equal(201);
        expect((await client.send({ path, headers })).text).to.equal(first.text);
      }
    });

    it('leaves alone what is called by other means than HTTP', async () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments')]);
      IdempotentRoute()(controller);
      const { app } = await startApplication({ providers: [controller] });
      const instance = app.get(controller);
      const call = app
        .get(ExternalContextCreator)
        .create(
          instance,
          instance.pay as never,
          'pay',
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          'rpc',
        );
      expect(await call({})).to.deep.equal({ run: 1, by: 'DNA' });
    });
  });

  it('works on controllers that are made for each request', async () => {
    const runs: string[] = [];
    class Ledger {
      readonly id = crypto.randomUUID();
    }
    class ScopedController {
      constructor(readonly ledger: Ledger) {}
      pay(_id: string) {
        runs.push(this.ledger.id);
        return { run: runs.length };
      }
    }
    Injectable({ scope: Scope.REQUEST })(Ledger);
    Inject(Ledger)(ScopedController, undefined, 0);
    decorate(
      ScopedController,
      'pay',
      [Post('payments/:id'), IdempotentRoute({ maxInFlight: 1 })],
      [Param('id')],
    );
    Controller()(ScopedController);
    const { client } = await startApplication({ controllers: [ScopedController], providers: [Ledger] });
    const first = await client.send({ ...sent, path: '/payments/1' });
    expect((await client.send({ ...sent, path: '/payments/1' })).text).to.equal(first.text);
    expect((await client.send({ ...sent, path: '/payments/1', key: 'k-2' })).json).to.deep.equal({ run: 2 });
    expect(new Set(runs).size).to.equal(2);
  });

  describe('in a wrong place, or with wrong options', () => {
    const wrong = (decorating: () => unknown) => {
      const error = thrown(decorating) as Error;
      expect(error).to.include(configurationError);
      return error.message;
    };

    it('is an error when the class is defined', () => {
      const controller = countingController();
      const apply = IdempotentRoute() as (...args: unknown[]) => unknown;
      expect(wrong(() => apply(controller.prototype, 'bank', undefined))).to.equal(
        '@IdempotentRoute: it is on bank, which is no method of an instance; put it on a route, or with options on a controller',
      );
      expect(wrong(() => apply(controller, 'make', { value() {} }))).to.match(/make, which is no method/);
      const standard =
        '@IdempotentRoute: it was compiled as a standard decorator; NestJS needs `experimentalDecorators`';
      expect(wrong(() => apply(() => {}, { kind: 'method', name: 'pay' }))).to.equal(standard);
      expect(wrong(() => apply(controller, { kind: 'class', name: 'PaymentsController' }))).to.equal(
        standard,
      );
      expect(wrong(() => IdempotentRoute(false)(controller))).to.match(/on PaymentsController with `false`/);
      expect(wrong(() => IdempotentRoute(controller as never))).to.equal(
        '@IdempotentRoute is used without parentheses; write @IdempotentRoute()',
      );
      expect(wrong(() => IdempotentRoute({ ttl: -1 }))).to.match(/^@IdempotentRoute: option "ttl"/);
      expect(wrong(() => IdempotentRoute({ tll: 1 } as never))).to.match(/"tll"/);
      expect(wrong(() => IdempotentRoute('24h' as never))).to.match(/the options are a text/);
    });
  });

  describe('needs IdempotencyModule', () => {
    const controllerModule = () => {
      const controller = countingController();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute()]);
      Controller()(controller);
      class PaymentsModule {}
      Module({ controllers: [controller] })(PaymentsModule);
      return PaymentsModule;
    };
    const quiet = { logger: false as const, abortOnError: false };

    it('and says so where it is missing', async () => {
      const error = (await rejection(NestFactory.create(controllerModule(), quiet))) as Error;
      expect(error.message).to.match(/resolve dependencies of the IdempotentRouteInterceptor/);
      expect(error.message).to.match(/IdempotencyModule\.forRoot\(options\)/);
    });

    it('whose options are checked at once', () => {
      const error = thrown(() => IdempotencyModule.forRoot({} as never)) as Error;
      expect(error).to.include(configurationError);
      expect(error.message).to.match(/^IdempotencyModule\.forRoot: option "scope"/);
    });

    it('once, for all modules', async () => {
      const { client, app } = await startApplication({ imports: [controllerModule()] });
      const first = await client.send(sent);
      expect((await client.send(sent)).text).to.equal(first.text);
      expect(app.get(IDEMPOTENCY_OPTIONS)).to.include({ scope: 'public' });
    });

    it('whose options a factory may make of what is injected', async () => {
      class Config {
        readonly maxKey = 3;
      }
      class ConfigModule {}
      Module({ providers: [Config], exports: [Config] })(ConfigModule);
      class AppModule {}
      const store = new InMemoryStore();
      Module({
        imports: [
          IdempotencyModule.forRootAsync({
            imports: [ConfigModule],
            inject: [Config],
            useFactory: async ({ maxKey }: Config) => ({ store, scope: 'public', maxKey }),
          }),
          controllerModule(),
        ],
      })(AppModule);
      const app = await NestFactory.create(AppModule, quiet);
      await app.init();
      expect(app.get(IDEMPOTENCY_OPTIONS)).to.deep.equal({ store, scope: 'public', maxKey: 3 });
      await app.close();
    });

    it('and does not start with wrong options of a factory', async () => {
      class AppModule {}
      const useFactory = () => ({ scope: 'public' as const, wait: -1 });
      Module({ imports: [IdempotencyModule.forRootAsync({ useFactory }), controllerModule()] })(AppModule);
      const error = (await rejection(NestFactory.create(AppModule, quiet))) as Error;
      expect(error).to.include(configurationError);
      expect(error.message).to.match(/^IdempotencyModule\.forRootAsync: option "wait"/);
      const missing = thrown(() => IdempotencyModule.forRootAsync({} as never)) as Error;
      expect(missing.message).to.match(
        /^IdempotencyModule\.forRootAsync: option "useFactory" is a undefined/,
      );
    });
  });
});
