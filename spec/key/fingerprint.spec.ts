import { expect } from 'chai';
import { FingerprintError, type IdempotentOptions, InMemoryStore, makeIdempotent, recordOf } from 'retrysafe';
import { defer } from '../support/defer.js';
import { restOfTurn } from '../support/deployment.js';
import { fixture } from '../support/fixture.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';

interface Hold {
  readonly id: string;
  readonly amount: number;
  readonly memo?: string;
}

const hold: Hold = { id: 'tx-1', amount: 100 };
const dearer: Hold = { id: 'tx-1', amount: 999 };

const forms: Record<string, NonNullable<IdempotentOptions['fingerprint']>> = {
  true: true,
  'an expression': 'amount',
  'a function': (request: Hold) => [request.amount],
};

/** One operation in several processes: each store object stands for a process. */
function placing(options: IdempotentOptions, work: (hold: Hold) => Promise<unknown>) {
  return (store: ScriptedStore) =>
    makeIdempotent((request: Hold) => work(request), { name: 'Holds.place', key: 'id', store, ...options });
}

describe('a fingerprint that differs', () => {
  let store: ScriptedStore;

  beforeEach(() => {
    store = new ScriptedStore(new InMemoryStore());
  });

  /** A copy of the whole record. */
  async function standing(): Promise<unknown> {
    const key = store.calls[0]?.record?.key ?? '';
    return structuredClone(await store.inner.find(key));
  }

  for (const [form, fingerprint] of Object.entries(forms)) {
    for (const where of ['the same process', 'another process'] as const) {
      it(`is refused while the first call is running, and touches nothing: ${form}, ${where}`, async () => {
        const answer = defer<string>();
        const runs: number[] = [];
        const place = placing({ fingerprint }, ({ amount }) => {
          runs.push(amount);
          return answer.promise;
        });
        const first = place(store)(hold);
        await restOfTurn();
        const before = await standing();
        const other = where === 'the same process' ? store : store.peer();
        const sent = store.count('replace');
        const error = await rejection(place(other)(dearer));
        expect(error).to.be.instanceOf(FingerprintError);
        expect(await standing())
          .to.deep.equal(before)
          .and.not.to.equal(undefined);
        expect([store.count('replace'), other.count('replace')]).to.deep.equal([
          sent,
          other === store ? sent : 0,
        ]);
        answer.resolve('held');
        expect(await first).to.equal('held');
        expect(runs).to.deep.equal([100]);
      });

      it(`is refused after the first call, and touches nothing: ${form}, ${where}`, async () => {
        const runs: number[] = [];
        const place = placing({ fingerprint }, async ({ amount }) => runs.push(amount));
        await place(store)(hold);
        const before = await standing();
        const other = where === 'the same process' ? store : store.peer();
        expect(await rejection(place(other)(dearer))).to.be.instanceOf(FingerprintError);
        expect(await standing())
          .to.deep.equal(before)
          .and.not.to.equal(undefined);
        expect(await place(other)({ ...hold })).to.equal(1);
        expect(runs).to.deep.equal([100]);
      });
    }

    it(`is refused where this process keeps the outcome: ${form}`, async () => {
      const place = placing({ fingerprint, keepLocal: 10 }, async ({ amount }) => amount)(store);
      await place(hold);
      const before = await standing();
      expect(await rejection(place(dearer))).to.be.instanceOf(FingerprintError);
      expect(await standing()).to.deep.equal(before);
      const asked = store.count();
      expect(await place(hold)).to.equal(100);
      expect(store.count(), 'the outcome is kept all the same').to.equal(asked);
    });

    it(`is refused where the store is read first: ${form}`, async () => {
      const place = placing({ fingerprint, readFirst: true }, async ({ amount }) => amount)(store);
      await place(hold);
      const before = await standing();
      expect(await rejection(place(dearer))).to.be.instanceOf(FingerprintError);
      expect(await standing()).to.deep.equal(before);
    });

    it(`may come after the key was forgotten: ${form}`, async () => {
      const place = placing({ fingerprint, keepLocal: 10 }, async ({ amount }) => amount)(store);
      await place(hold);
      expect(await recordOf(place, hold).forget()).to.equal(true);
      expect(await place(dearer)).to.equal(999);
      expect(await rejection(place(hold))).to.be.instanceOf(FingerprintError);
    });
  }

  it('is refused with the status code 422, the key and no part of the payload', async () => {
    const place = placing({ fingerprint: 'memo' }, async () => 'held')(store);
    await place({ ...hold, memo: 'secret-one' });
    const error = (await rejection(place({ ...hold, memo: 'secret-two' }))) as FingerprintError;
    const { key } = (await recordOf(place, hold).inspect()) ?? {};
    expect(error).to.include({
      name: 'FingerprintError',
      code: 'ERR_IDEMPOTENCY_FINGERPRINT',
      statusCode: 422,
      operation: 'Holds.place',
      key,
    });
    expect(error.message)
      .to.include(key)
      .and.not.match(/secret|tx-1/);
    expect(JSON.stringify(await standing())).not.to.include('secret');
  });

  it('is none where only unselected parts differ, or the order of properties', async () => {
    const byAmount = placing({ fingerprint: 'amount' }, async () => 'held')(store);
    expect(await byAmount({ ...hold, memo: 'a' })).to.equal('held');
    expect(await byAmount({ ...hold, memo: 'b' })).to.equal('held');
    const byAll = makeIdempotent(async (_request: Hold) => 'held', {
      name: 'Holds.compare',
      key: 'id',
      fingerprint: true,
      store,
    });
    await byAll(hold);
    expect(await byAll({ amount: 100, id: 'tx-1' })).to.equal('held');
  });

  it('may select a missing value, which then counts as a value', async () => {
    const place = placing({ fingerprint: 'memo' }, async () => 'held')(store);
    await place(hold);
    expect(await place(hold)).to.equal('held');
    expect(await rejection(place({ ...hold, memo: 'm' }))).to.be.instanceOf(FingerprintError);
  });

  it('covers all arguments by `true`, and reads each of them once', async () => {
    const place = makeIdempotent(async (_id: string, amount?: number) => amount, {
      name: 'Holds.adjust',
      key: '@',
      fingerprint: true,
      store,
    });
    expect(await place('tx-1', 1)).to.equal(1);
    expect(await place('tx-1', 1)).to.equal(1);
    expect(await rejection(place('tx-1', 2))).to.be.instanceOf(FingerprintError);
    expect(await rejection(place('tx-1'))).to.be.instanceOf(FingerprintError);
  });

  it('cannot be a whole Lambda event, which differs with every delivery', async () => {
    for (const fingerprint of [true, '@', (event: unknown) => event as object] as const) {
      const handle = makeIdempotent(async (_event: unknown, _context: unknown) => 'held', {
        name: 'Holds.handleEvent',
        key: 'body.transactionId',
        fingerprint,
        store,
      });
      const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };
      const error = await rejection(handle(fixture('request/events/api-gateway-rest.json'), context));
      expect(error).to.have.property('code', 'ERR_IDEMPOTENCY_CONFIGURATION');
    }
    expect(store.count()).to.equal(0);
  });
});
