// biome-ignore-all lint/suspicious/noExplicitAny: frameworks of several versions, which may not be installed where types are checked

import { expect } from 'chai';
import { InMemoryStore } from 'retrysafe';
import { pending } from '../support/pending.js';
import { decorate } from './servers/nest.js';
import { isInstalled, loader } from './suite/load.js';
import type { Load } from './suite/test-application.js';

const statuses = ['400', '409', '410', '413', '422', '424', '429', '503'];

for (const home of ['frameworks', 'nest-10'] as const)
  describe(`the OpenAPI document of NestJS ${home === 'nest-10' ? 10 : 11}`, () => {
    let load: Load;
    before(async function () {
      if (!isInstalled(home)) pending(this, `${home} is not installed: npm run install:frameworks`);
      load = await loader(home, 'CommonJS');
    });

    /** Describes an application with this controller. */
    async function documentOf(controller: unknown, options = {}): Promise<any> {
      const { Module } = await load('@nestjs/common');
      const { NestFactory } = await load('@nestjs/core');
      const { DocumentBuilder, SwaggerModule } = await load('@nestjs/swagger');
      const { IdempotencyModule } = await load('retrysafe/nestjs');
      class AppModule {}
      const imports = [
        IdempotencyModule.forRoot({ store: new InMemoryStore(), scope: 'public', ...options }),
      ];
      Module({ imports, controllers: [controller] })(AppModule);
      const quiet = { logger: false, abortOnError: false };
      const adapter =
        home === 'frameworks' ? [new (await load('@nestjs/platform-fastify')).FastifyAdapter()] : [];
      const app = await NestFactory.create(AppModule, ...adapter, quiet);
      const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
      await app.close();
      return document;
    }

    function routes() {
      return class PaymentsController {
        pay() {}
        refund() {}
        list() {}
      };
    }

    it('has the header and the refusals of a route, and its own answer', async () => {
      const { Controller, HttpCode, Post } = await load('@nestjs/common');
      const { IdempotentRoute } = await load('retrysafe/nestjs');
      const controller = routes();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute()]);
      decorate(controller, 'refund', [
        IdempotentRoute({ header: 'X-Key', required: false }),
        HttpCode(202),
        Post('refunds'),
      ]);
      Controller()(controller);
      const { paths } = await documentOf(controller);
      const { parameters, responses } = paths['/payments'].post;
      expect(parameters).to.have.length(1);
      expect(parameters[0]).to.deep.include({
        name: 'Idempotency-Key',
        in: 'header',
        required: true,
        schema: { type: 'string' },
      });
      expect(Object.keys(responses)).to.have.members(['201', ...statuses]);
      const problem = responses['409'].content['application/problem+json'].schema;
      expect(problem.required).to.deep.equal(['type', 'title', 'status', 'detail']);
      expect(responses['409'].headers['Retry-After'].schema).to.deep.equal({ type: 'integer' });
      expect(paths['/refunds'].post.parameters[0]).to.include({ name: 'X-Key', required: false });
      expect(Object.keys(paths['/refunds'].post.responses)).to.have.members(['202', ...statuses]);
    });

    it('keeps what other decorators say, wherever they stand', async () => {
      const { Controller, Post } = await load('@nestjs/common');
      const { ApiHeader, ApiResponse } = await load('@nestjs/swagger');
      const { IdempotentRoute } = await load('retrysafe/nestjs');
      const controller = routes();
      const own = [
        ApiResponse({ status: 200, description: 'Paid' }),
        ApiResponse({ status: 409, description: 'Sold' }),
        ApiHeader({ name: 'idempotency-key', description: 'A UUID' }),
      ];
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute(), ...own]);
      decorate(controller, 'refund', [...own, IdempotentRoute(), Post('refunds')]);
      Controller()(controller);
      const { paths } = await documentOf(controller);
      for (const path of ['/payments', '/refunds']) {
        const { parameters, responses } = paths[path].post;
        expect(parameters.map(({ description }: any) => description)).to.deep.equal(['A UUID']);
        expect(Object.keys(responses)).to.have.members(['200', ...statuses]);
        expect([responses['200'].description, responses['409'].description]).to.deep.equal(['Paid', 'Sold']);
      }
    });

    it('has what the plugin of the compiler has found out', async () => {
      const { Controller, Post } = await load('@nestjs/common');
      const { IdempotentRoute } = await load('retrysafe/nestjs');
      const { ApiProperty } = await load('@nestjs/swagger');
      class Payment {}
      ApiProperty({ type: Number })(Payment.prototype, 'amount');
      const controller = Object.assign(routes(), {
        _OPENAPI_METADATA_FACTORY: () => ({ pay: { type: Payment }, refund: { type: [Payment] }, list: {} }),
      });
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute()]);
      decorate(controller, 'refund', [Post('refunds'), IdempotentRoute()]);
      Controller()(controller);
      const { paths } = await documentOf(controller);
      const schemaOf = (path: string) => paths[path].post.responses['201'].content['application/json'].schema;
      expect(schemaOf('/payments')).to.deep.equal({ $ref: '#/components/schemas/Payment' });
      expect(schemaOf('/refunds')).to.deep.equal({
        type: 'array',
        items: { $ref: '#/components/schemas/Payment' },
      });
    });

    it('has them for the routes of a controller that change something', async () => {
      const { Controller, Get, Post } = await load('@nestjs/common');
      const { IdempotentRoute } = await load('retrysafe/nestjs');
      const controller = routes();
      decorate(controller, 'pay', [Post('payments')]);
      decorate(controller, 'refund', [Post('refunds'), IdempotentRoute(false)]);
      decorate(controller, 'list', [Get('payments')]);
      IdempotentRoute()(controller);
      Controller()(controller);
      const { paths } = await documentOf(controller);
      const facts = ({ parameters, responses }: any) => [parameters.length, Object.keys(responses).length];
      expect(facts(paths['/payments'].post)).to.deep.equal([1, 1 + statuses.length]);
      expect(facts(paths['/refunds'].post)).to.deep.equal([0, 1]);
      expect(facts(paths['/payments'].get)).to.deep.equal([0, 1]);
    });

    it('has the header of the module, and no refusals where the framework answers them', async () => {
      const { Controller, Post } = await load('@nestjs/common');
      const { IdempotentRoute } = await load('retrysafe/nestjs');
      const controller = routes();
      decorate(controller, 'pay', [Post('payments'), IdempotentRoute()]);
      Controller()(controller);
      await documentOf(controller);
      const { paths } = await documentOf(controller, { header: 'X-Key' });
      expect(paths['/payments'].post.parameters.map(({ name }: any) => name)).to.deep.equal(['X-Key']);
      const other = routes();
      decorate(other, 'pay', [Post('payments'), IdempotentRoute()]);
      Controller()(other);
      const { paths: otherPaths } = await documentOf(other, { errors: 'framework' });
      expect(Object.keys(otherPaths['/payments'].post.responses)).to.deep.equal(['201']);
    });
  });
