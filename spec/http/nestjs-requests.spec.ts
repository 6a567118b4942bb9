import type { AddressInfo } from 'node:net';
import {
  Controller,
  type INestApplication,
  Module,
  Param,
  Post,
  UploadedFile,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { expect } from 'chai';
import { currentExecution } from 'retrysafe';
import { IdempotentRoute } from 'retrysafe/nestjs';
import { defer } from '../support/defer.js';
import { decorate } from './servers/nest.js';
import { type Started, startApplication, stopApplications } from './servers/nest-application.js';

const sent = { key: 'k-1', body: { amount: 1 } };

describe('requests of NestJS', () => {
  afterEach(stopApplications);

  /** A route that returns its operation. */
  const operationController = (
    decorators: readonly MethodDecorator[],
    parameters: readonly ParameterDecorator[] = [],
  ) => {
    class PaymentsController {
      runs = 0;
      pay(...args: unknown[]) {
        this.runs += 1;
        const [file] = args as [{ size?: number } | undefined];
        return { operation: currentExecution().operation, run: this.runs, size: file?.size };
      }
    }
    decorate(PaymentsController, 'pay', decorators as never, parameters as never);
    return PaymentsController;
  };

  describe('belong to a key by the pattern of their route', () => {
    const controller = () => {
      const made = operationController([Post(':id/payments'), IdempotentRoute()], [Param('id')]);
      Controller('accounts')(made);
      return made;
    };
    const operationOf = async (path: string, started: Started, headers = {}) => {
      const { client } = await startApplication(started);
      const { json } = await client.send({ ...sent, path, headers });
      return json.operation;
    };

    it('which is without the values of its parameters', async () => {
      const operation = await operationOf('/accounts/7/payments', { controllers: [controller()] });
      expect(operation).to.equal('http POST /accounts/:id/payments');
    });

    it('which has the global prefix', async () => {
      const prepare = (app: INestApplication) => app.setGlobalPrefix('api');
      const operation = await operationOf('/api/accounts/7/payments', {
        controllers: [controller()],
        prepare,
      });
      expect(operation).to.equal('http POST /api/accounts/:id/payments');
    });

    it('which has the path of its module', async () => {
      class AccountsModule {}
      Module({ controllers: [controller()] })(AccountsModule);
      const imports = [AccountsModule, RouterModule.register([{ path: 'admin', module: AccountsModule }])];
      const operation = await operationOf('/admin/accounts/7/payments', { imports });
      expect(operation).to.equal('http POST /admin/accounts/:id/payments');
    });

    it('which has its version in the path', async () => {
      const versioned = controller();
      Version('2')(
        versioned.prototype,
        'pay',
        Object.getOwnPropertyDescriptor(versioned.prototype, 'pay') as never,
      );
      const prepare = (app: INestApplication) => app.enableVersioning({ type: VersioningType.URI });
      const operation = await operationOf('/v2/accounts/7/payments', { controllers: [versioned], prepare });
      expect(operation).to.equal('http POST /v2/accounts/:id/payments');
    });

    it('and by the version that a header names', async () => {
      const controllers = ['1', '2'].map((version) => {
        const made = operationController([Post('payments'), IdempotentRoute()]);
        Controller({ path: '', version })(made);
        return made;
      });
      const { client } = await startApplication({
        controllers,
        prepare: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
      });
      for (const version of ['1', '2']) {
        const { json } = await client.send({ ...sent, headers: { 'x-version': version } });
        expect(json).to.deep.equal({ operation: `http POST /payments version ${version}`, run: 1 });
      }
    });
  });

  describe('with a form', () => {
    const form = (boundary: string, content: string) => ({
      key: 'k-1',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: [
        `--${boundary}`,
        'Content-Disposition: form-data; name="receipt"; filename="a.txt"',
        'Content-Type: text/plain',
        '',
        content,
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    });

    for (const [place, order] of [
      ['before', (reading: MethodDecorator, guarding: MethodDecorator) => [guarding, reading]],
      ['after', (reading: MethodDecorator, guarding: MethodDecorator) => [reading, guarding]],
    ] as const)
      it(`are compared by the digests of files, where these are read ${place} the guard`, async () => {
        const reading = UseInterceptors(FileInterceptor('receipt')) as MethodDecorator;
        const controller = operationController(
          [Post('payments'), ...order(reading, IdempotentRoute())],
          [UploadedFile()],
        );
        Controller()(controller);
        const { client } = await startApplication({ controllers: [controller] });
        const first = await client.send(form('one', 'content'));
        expect([first.status, first.json.size]).to.deep.equal([201, 7]);
        expect((await client.send(form('other', 'content'))).text).to.equal(first.text);
        expect((await client.send(form('one', 'another'))).status).to.equal(422);
      });
  });

  describe('whose bytes Nest keeps', () => {
    it('are compared by these, and not by what a parser has rounded', async () => {
      const statuses: Record<string, number[]> = {};
      for (const rawBody of [true, false]) {
        const controller = operationController([Post('payments'), IdempotentRoute()]);
        Controller()(controller);
        const { client } = await startApplication({ controllers: [controller], settings: { rawBody } });
        statuses[String(rawBody)] = [];
        for (const body of [
          '{"n":9007199254740993}',
          '{ "n": 9007199254740993 }',
          '{"n":9007199254740992}',
        ]) {
          const { status } = await client.send({ key: 'k-1', body });
          statuses[String(rawBody)]?.push(status);
        }
      }
      expect(statuses).to.deep.equal({ true: [201, 201, 422], false: [201, 201, 201] });
    });

    it('are refused where they are too many', async () => {
      const controller = operationController([Post('payments'), IdempotentRoute({ maxRequest: 10 })]);
      Controller()(controller);
      const { app } = await startApplication({
        controllers: [controller],
        settings: { rawBody: true },
      });
      // Nobody has said how many there are.
      const address = app.getHttpServer().address() as AddressInfo;
      const { status } = await fetch(`http://127.0.0.1:${address.port}/payments`, {
        method: 'POST',
        headers: { 'idempotency-key': 'k-2', 'content-type': 'application/json', connection: 'close' },
        body: ReadableStream.from([Buffer.from('{"amount":10}')]),
        duplex: 'half',
      } as RequestInit);
      expect(status).to.equal(413);
    });
  });

  it('are answered though the application shuts down meanwhile', async () => {
    const begun = defer();
    const gate = defer();
    class PaymentsController {
      async pay() {
        begun.resolve();
        await gate.promise;
        return { paid: true };
      }
    }
    decorate(PaymentsController, 'pay', [Post('payments'), IdempotentRoute()]);
    Controller()(PaymentsController);
    const { app, client } = await startApplication({
      controllers: [PaymentsController],
      prepare: (made) => made.enableShutdownHooks(),
    });
    const first = client.send(sent);
    await begun.promise;
    const closing = app.close();
    gate.resolve();
    expect((await first).json).to.deep.equal({ paid: true });
    await closing;
  });
});
