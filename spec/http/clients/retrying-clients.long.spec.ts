import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';
import { problemOf } from 'retrysafe/http';
import { type Deferred, defer } from '../../support/defer.js';
import { pending } from '../../support/pending.js';
import { rejection } from '../../support/rejection.js';
import { isInstalled, loader } from '../suite/load.js';
import { clients, type Payment } from './client.js';
import { LossyProxy } from './lossy-proxy.js';

/** What the server has done. */
class Ledger {
  readonly payments: Payment[] = [];
  held: Deferred<void> | undefined;
  failure: { readonly status: number } | undefined;
}

async function startServer(ledger: Ledger): Promise<Server> {
  const app = express();
  app.use(express.json(), express.urlencoded());
  const guard = idempotency({
    store: new InMemoryStore(),
    scope: 'public',
    onFailure: 'unknown',
    onAbandoned: 'refuse',
    // Stripe's client takes every answer without `error` for a success, whatever its status.
    errors: 'framework',
  });
  app.post('/v1/payment_intents', guard, async (req, res) => {
    const payment = { id: `pi_${ledger.payments.length + 1}`, amount: Number(req.body.amount) };
    ledger.payments.push(payment);
    await ledger.held?.promise;
    if (ledger.failure) res.status(ledger.failure.status).json({ error: { message: 'failed' } });
    else res.status(201).json(payment);
  });
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    const problem = problemOf(error);
    if (!problem) return next(error);
    const { title, detail } = problem.body;
    res
      .status(problem.status)
      .set(problem.headers)
      .json({ error: { message: title, detail } });
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

for (const client of clients)
  describe(`the client ${client.title}, over a network that loses answers`, () => {
    let ledger: Ledger;
    let server: Server;
    let proxy: LossyProxy;
    let pay: (amount: number) => Promise<Payment>;

    before(function () {
      if (!isInstalled('frameworks')) pending(this, 'clients are not installed: npm run install:frameworks');
    });
    beforeEach(async () => {
      ledger = new Ledger();
      server = await startServer(ledger);
      proxy = new LossyProxy((server.address() as AddressInfo).port);
      pay = await client.connect(await proxy.start(), await loader('frameworks', 'ES modules'));
    });
    afterEach(async () => {
      ledger?.held?.resolve();
      await proxy?.stop();
      server?.closeAllConnections();
      server?.close();
    });

    const oneEffect = (payment: Payment, amount: number) => {
      expect(payment).to.include({ id: 'pi_1', amount });
      expect(ledger.payments).to.deep.equal([{ id: 'pi_1', amount }]);
      const keys = new Set(proxy.exchanges.map(({ key }) => key));
      expect(keys.size, 'one key for all retries').to.equal(1);
      expect([...keys][0]).to.be.a('string');
    };

    it('pays once where the answer is lost twice', async () => {
      proxy.next('lose', 'lose');
      oneEffect(await pay(250), 250);
      expect(proxy.exchanges.map(({ status, isReplay }) => [status, isReplay])).to.deep.equal([
        [201, false],
        [201, true],
        [201, true],
      ]);
    });

    if (client.retriesCutAnswers)
      it('pays once where the answer breaks off', async () => {
        proxy.next('cut');
        oneEffect(await pay(250), 250);
        expect(proxy.exchanges.map(({ isReplay }) => isReplay)).to.deep.equal([false, true]);
      });

    it('pays once where it retries while the first request runs', async () => {
      ledger.held = defer();
      proxy.next('leave');
      const paying = pay(250);
      await proxy.answered(409);
      ledger.held.resolve();
      oneEffect(await paying, 250);
      expect(proxy.exchanges.at(-1)).to.include({ status: 201, isReplay: true });
    });

    it('pays two payments twice', async () => {
      const [one, other] = [await pay(1), await pay(1)];
      expect([one.id, other.id]).to.deep.equal(['pi_1', 'pi_2']);
    });

    it('does not retry for ever what a person has to decide', async () => {
      ledger.failure = { status: 500 };
      proxy.next('lose');
      await rejection(pay(250));
      expect(ledger.payments).to.have.length(1);
      expect(proxy.exchanges.map(({ status }) => status)).to.deep.equal([500, 424]);
    });
  });
