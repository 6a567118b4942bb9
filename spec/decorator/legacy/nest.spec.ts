import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Headers, HttpCode, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { expect } from 'chai';
import { configureIdempotency, Idempotent, InMemoryStore } from 'retrysafe';
import { defer } from '../../support/defer.js';

class HoldRequest {
  readonly transactionId?: string;
  readonly amount!: number;
}

/** What a test reads besides the responses. */
const bank = { holds: 0, started: defer(), gate: defer() };

function placed({ transactionId, amount }: HoldRequest) {
  bank.holds += 1;
  return { hold: `H${bank.holds}`, transactionId, amount };
}

@Controller('holds')
class HoldsController {
  readonly bank = 'DNA';

  @Post('above')
  @HttpCode(202)
  @Idempotent({ key: 'transactionId', ttl: 300, fingerprint: 'amount' })
  async postAbove(@Body() request: HoldRequest) {
    return { ...placed(request), by: this.bank };
  }

  @Idempotent({ key: 'transactionId', ttl: 300, fingerprint: 'amount' })
  @Post('below')
  @HttpCode(202)
  async postBelow(@Body() request: HoldRequest) {
    return { ...placed(request), by: this.bank };
  }

  @Idempotent({ key: (account, key) => [account, key] })
  @Post('accounts/:account')
  async postParameters(
    @Param('account') account: string,
    @Headers('idempotency-key') key: string | undefined,
    @Body() request: HoldRequest,
  ) {
    return { ...placed(request), account, key };
  }

  @Post('slow')
  @Idempotent({ key: 'transactionId', wait: 0 })
  async postSlow(@Body() request: HoldRequest) {
    bank.started.resolve();
    await bank.gate.promise;
    return placed(request);
  }

  @Get()
  async list() {
    return bank.holds;
  }
}

@Module({ controllers: [HoldsController] })
class HoldsModule {}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

describe('a NestJS controller', () => {
  let app: Awaited<ReturnType<typeof NestFactory.create>>;
  let address: string;

  before(async () => {
    app = await NestFactory.create(HoldsModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    address = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/holds`;
  });
  after(() => app.close());

  beforeEach(() => {
    configureIdempotency({ store: new InMemoryStore() });
    bank.holds = 0;
    bank.started = defer();
    bank.gate = defer();
  });
  afterEach(() => configureIdempotency({}));

  async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${address}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }

  for (const path of ['above', 'below']) {
    describe(`with @Post ${path} @Idempotent`, () => {
      it('places one hold for two equal posts, and sends both the same response', async () => {
        const first = await post(path, { transactionId: 't1', amount: 5 });
        const second = await post(path, { amount: 5, transactionId: 't1' });
        expect(first).to.deep.equal({
          status: 202,
          body: { hold: 'H1', transactionId: 't1', amount: 5, by: 'DNA' },
        });
        expect(second).to.deep.equal(first);
        expect(bank.holds).to.equal(1);
        expect((await post(path, { transactionId: 't2', amount: 5 })).body.hold).to.equal('H2');
      });

      it('responds 422 to another amount under the same key', async () => {
        await post(path, { transactionId: 't1', amount: 5 });
        const { status, body } = await post(path, { transactionId: 't1', amount: 6 });
        expect(status).to.equal(422);
        expect(body.message).to.match(/another fingerprint/);
        expect(bank.holds).to.equal(1);
      });

      it('responds 400 where the key selects nothing', async () => {
        const { status, body } = await post(path, { amount: 5 });
        expect(status).to.equal(400);
        expect(body.message).to.match(/`key` selects nothing/);
        expect(bank.holds).to.equal(0);
      });
    });
  }

  it('responds 409 to a copy that arrives while the first is running', async () => {
    const first = post('slow', { transactionId: 't1', amount: 5 });
    await bank.started.promise;
    const copy = await post('slow', { transactionId: 't1', amount: 5 });
    expect(copy.status).to.equal(409);
    expect(copy.body.message).to.match(/still running/);
    bank.gate.resolve();
    expect(await first).to.deep.include({ status: 201 });
    expect(bank.holds).to.equal(1);
  });

  it('does not disable parameter decorators, and passes what they select to `key`', async () => {
    const post1 = () => post('accounts/acc-1', { amount: 5 }, { 'Idempotency-Key': 'k1' });
    const first = await post1();
    expect(first.body).to.deep.equal({ hold: 'H1', amount: 5, account: 'acc-1', key: 'k1' });
    expect(await post1()).to.deep.equal(first);
    expect((await post('accounts/acc-2', { amount: 5 }, { 'Idempotency-Key': 'k1' })).body.hold).to.equal(
      'H2',
    );
    expect((await post('accounts/acc-1', { amount: 5 })).status, 'no header, no key').to.equal(400);
  });

  it('keeps the types of emitDecoratorMetadata, above and below', () => {
    for (const name of ['postAbove', 'postBelow'] as const) {
      const target = HoldsController.prototype;
      expect(Reflect.getMetadata('design:paramtypes', target, name)).to.deep.equal([HoldRequest]);
      expect(Reflect.getMetadata('design:returntype', target, name)).to.equal(Promise);
      expect(Reflect.getMetadata('path', target[name])).to.equal(name.slice(4).toLowerCase());
    }
  });

  it('leaves undecorated routes alone', async () => {
    await post('above', { transactionId: 't1', amount: 5 });
    const answer = await fetch(address, { headers: { connection: 'close' } });
    expect(await answer.json()).to.equal(1);
  });
});
