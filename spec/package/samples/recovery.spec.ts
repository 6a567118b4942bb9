import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { expect } from 'chai';
import { ClaimLostError, InMemoryStore, makeIdempotent, recordOf } from 'retrysafe';
import sinon from 'sinon';
import { defer } from '../../support/defer.js';
import { useDynamoDB } from '../../support/dynamodb.js';
import { collectGarbage } from '../../support/heap.js';
import { invocation } from '../../support/invocation.js';
import { rejection } from '../../support/rejection.js';
import { bodyOf, httpEvent, useSample } from './application.js';
import { load, mode } from './compiled.js';

const holds = '/pre-fund/holds';

interface Bank {
  placeHold(order: object): Promise<object>;
}

function context(remaining = 28_000): Context {
  return invocation(remaining) as Context;
}

async function titleOf(answer: Promise<APIGatewayProxyResult>): Promise<unknown> {
  return bodyOf(await answer).title;
}

describe(`the sample's recovery, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  const sample = useSample(dynamoDB);

  afterEach(() => sinon.restore());

  function ask(body: object, remaining?: number): Promise<APIGatewayProxyResult> {
    return sample.application.api.handle(httpEvent(holds, body), context(remaining));
  }

  describe('when the bank gives no answer', () => {
    for (const [what, isPlaced] of [
      ['has placed the hold', true],
      ['has not placed the hold', false],
    ] as const) {
      it(`asks what became of it at the next try, where the bank ${what}`, async () => {
        const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
        sample.bank.interception = async (_, carryOut) => {
          if (isPlaced) await carryOut();
          return { status: 504 };
        };
        expect(await titleOf(ask(order))).to.equal('BankSilent');
        let asked = 0;
        sample.bank.interception = (_, carryOut) => {
          asked += 1;
          return carryOut();
        };
        const second = await ask(order);
        expect(second.statusCode).to.equal(201);
        expect(bodyOf(second)).to.include({ holdId: 'H-1' });
        expect(asked, 'further requests to place it').to.equal(isPlaced ? 0 : 1);
        sample.bank.interception = undefined;
        expect(sample.bank.bank.ledger).to.have.length(1);
        expect(bodyOf(await ask(order))).to.include({ holdId: 'H-1' });
      });
    }

    it('has waited for it for three seconds, which leaves time for a second request in the same invocation', async () => {
      sinon.stub(console, 'error');
      sample.bank.interception = () => new Promise(() => {});
      const from = performance.now();
      const answer = ask({ transactionId: 'T-1', accountId: '4711', cents: 2_500 });
      // Node.js 20 forgets the time limit of a request where only AbortSignal.any() knows of it.
      const collecting = setInterval(collectGarbage, 100);
      expect(await titleOf(answer)).to.equal('BankSilent');
      clearInterval(collecting);
      expect(performance.now() - from).to.be.within(2_900, 8_000);
    });

    it('keeps the outcome unknown while the bank cannot be asked either', async () => {
      const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
      sample.bank.interception = async (_, carryOut) => {
        await carryOut();
        return { status: 504 };
      };
      await ask(order);
      sample.bank.bank.outages = 1;
      expect(await titleOf(ask(order))).to.equal('BankUnavailable');
      expect(bodyOf(await ask(order))).to.include({ holdId: 'H-1' });
      expect(sample.bank.bank.ledger).to.have.length(1);
    });
  });

  it('asks the bank what became of a process whose lease has lapsed; that one then gets the same hold', async () => {
    const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
    const reached = defer();
    const released = defer();
    sample.bank.interception = async (_, carryOut) => {
      const answer = await carryOut();
      reached.resolve();
      await released.promise;
      return answer;
    };
    const stalled = ask(order, 600_000);
    await reached.promise;
    // A minute later by the clock; no timer of the stalled process has run.
    sinon.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    const second = await sample.start().api.handle(httpEvent(holds, order), context());
    expect(second.statusCode).to.equal(201);
    expect(second.headers, 'the outcome was found, not replayed').not.to.have.property(
      'Idempotency-Replayed',
    );
    released.resolve();
    const late = await stalled;
    expect(late.body).to.equal(second.body);
    expect(late.headers, 'it returns its successor’s outcome').to.include({
      'Idempotency-Replayed': 'true',
    });
    expect(sample.bank.bank.ledger).to.have.length(1);
  });

  it('breaks off a request to the bank when the claim is lost, since another call may send it', async () => {
    const { CoreBank } = await load<{ CoreBank: new (url: string, timeout: number) => Bank }>(
      'app/core-bank.js',
    );
    const bank = new CoreBank(sample.bank.url, 60_000);
    const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
    const place = makeIdempotent((wanted: typeof order) => bank.placeHold(wanted), {
      name: 'holds',
      key: 'transactionId',
      lease: '600ms',
      store: new InMemoryStore(),
    });
    const reached = defer();
    sample.bank.interception = async () => {
      reached.resolve();
      return new Promise(() => {});
    };
    const lost = rejection(place(order));
    await reached.promise;
    await recordOf(place, order).forget({ force: true });
    expect(await lost).to.be.instanceOf(ClaimLostError);
  });

  it('gives the bank one key for all attempts at a hold, and another one for another hold', async () => {
    const order = { transactionId: 'T-1', accountId: '4711', cents: 2_500 };
    const keys: string[] = [];
    for (const status of [503, 503]) {
      sample.bank.interception = async (key) => {
        keys.push(key);
        return { status };
      };
      await ask(order);
      sample.restart();
    }
    await ask(order);
    await ask({ ...order, transactionId: 'T-2' });
    const placed = sample.bank.bank.ledger.map(({ key }) => key);
    expect(new Set([...keys, placed[0]]).size).to.equal(1);
    expect(placed[1]).not.to.equal(placed[0]);
    expect(placed[0]).to.match(/^[0-9a-f-]{36}$/);
  });
});
