import { expect } from 'chai';
import { ConfigurationError, InMemoryStore, KeyError, makeIdempotent } from 'retrysafe';
import { type CaughtWarnings, catchWarnings } from './support/process-warnings.js';
import { rejection, thrown } from './support/rejection.js';
import { ScriptedStore } from './support/scripted-store.js';
import { fakeTime } from './support/time.js';

describe('what a slip of the pen is told', () => {
  let warnings: CaughtWarnings;

  beforeEach(() => {
    warnings = catchWarnings();
  });

  afterEach(() => {
    warnings.restore();
  });

  it('names the expression and where it looked when a key selects nothing (10)', async () => {
    const place = makeIdempotent(async function placeByName(_transactionId: string, _amount: number) {}, {
      key: 'transactionId',
    });
    const error = (await rejection(place('secret-4111', 5))) as KeyError;
    expect(error).to.be.instanceOf(KeyError);
    expect(error.message)
      .to.include('the expression transactionId looks into the first argument, which is of type string')
      .and.not.include('4111');
  });

  it('says the same where a part of a projection is missing (10)', async () => {
    const ship = makeIdempotent(async function shipItems(_order: { items: { id?: number }[] }) {}, {
      key: 'items[].id',
    });
    const error = (await rejection(ship({ items: [{ id: 1 }, {}] }))) as KeyError;
    expect(error.message).to.include(
      '`key` selects nothing, or a part of it does; the expression items[].id',
    );
  });

  it('names no property that may be data itself (9)', async () => {
    const note = makeIdempotent(async function noteCards(_cards: object) {});
    const error = (await rejection(note({ cards: { '4111-1111': { check: () => true } } }))) as KeyError;
    expect(error.message).to.include('[0].cards.….check').and.not.include('4111');
  });

  it('warns, once, where a fingerprint selects nothing (13)', async () => {
    const pay = makeIdempotent(async function payByTypo(_request: { id: string; amount: number }) {}, {
      key: 'id',
      fingerprint: 'amuont',
    });
    await pay({ id: '1', amount: 1 });
    await pay({ id: '2', amount: 1 });
    const texts = warnings.texts('RETRYSAFE_EMPTY_FINGERPRINT');
    expect(texts).to.have.length(1);
    expect(texts[0]).to.include('payByTypo: option "fingerprint" selects nothing');
  });

  it('warns, once, where a result cannot be stored, before any duplicate is refused (7)', async () => {
    const open = makeIdempotent(async function openDoor(id: string) {
      return { id, close: () => {} };
    });
    await open('1');
    await open('2');
    const texts = warnings.texts('RETRYSAFE_OUTCOME_NOT_STORED');
    expect(texts).to.have.length(1);
    expect(texts[0]).to.match(
      /openDoor: the key is completed without its outcome.*Cannot stringify a function/,
    );
  });

  it('refuses a list of whole Lambda events as a key (2)', async () => {
    const record = { eventSource: 'aws:sqs', messageId: 'm-1', receiptHandle: 'r-1', body: '{"id":1}' };
    for (const key of ['Records', 'Records[*]', '[@]']) {
      const read = makeIdempotent(async function readBatch(_event: object) {}, { key });
      expect(await rejection(read({ Records: [record] })), key).to.be.instanceOf(ConfigurationError);
    }
  });

  it('tells a time without its unit, and sums from hyphens (2)', () => {
    const refused = (options: object) =>
      (thrown(() => makeIdempotent(async function slip() {}, options)) as Error).message;
    expect(refused({ wait: '10' })).to.include("did you mean '10s'?");
    expect(refused({ ttl: 86_400_000 })).to.include('did you mean 86400?');
    expect(refused({ key: 'secret + id' })).to.include('a list, such as [userId, orderId]');
    expect(refused({ key: 'headers.x-id' })).to.include('write headers."x-id"');
  });
});

describe('a run without a claim (21)', () => {
  it('keeps its caller no longer than a second for the record', async () => {
    const clock = fakeTime();
    const warnings = catchWarnings();
    try {
      const store = new ScriptedStore(new InMemoryStore()).always('claim', 'fail').always('replace', 'hang');
      const work = makeIdempotent(async function workOpenly() {}, { store, onStoreFailure: 'run' });
      let isAnswered = false;
      void work().then(() => {
        isAnswered = true;
      });
      await clock.tickAsync(1_000);
      expect(isAnswered).to.equal(true);
    } finally {
      clock.restore();
      warnings.restore();
    }
  });
});
