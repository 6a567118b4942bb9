import { expect } from 'chai';
import { Idempotent, type IdempotentOptions, makeIdempotent, type RecordView } from 'retrysafe';
import type { SinonFakeTimers } from 'sinon';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { ScriptedStore } from '../support/scripted-store.js';
import { fakeTime } from '../support/time.js';

interface Answer {
  body: string;
  headers: Record<string, string>;
}

describe('a replay that is changed on its way (mapReplay)', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = fakeTime();
  });
  afterEach(() => clock.restore());

  const replayedHeader = (answer: Answer): Answer => ({
    ...answer,
    headers: { ...answer.headers, 'Idempotent-Replayed': 'true' },
  });

  function answering(options: IdempotentOptions, store = new ScriptedStore()) {
    const gate = defer();
    const answer = makeIdempotent(
      async function answerRequest(): Promise<Answer> {
        await gate.promise;
        return { body: 'ok', headers: {} };
      },
      { store, mapReplay: replayedHeader, ...options },
    );
    return { answer, gate, store };
  }

  it('sets the header on replays only: from the store, from a joined run and from memory', async () => {
    for (const options of [{}, { keepLocal: 1 }, { readFirst: true }]) {
      const { answer, gate } = answering(options);
      const first = answer();
      const joined = answer();
      gate.resolve();
      expect((await first).headers, 'of the call that ran').to.deep.equal({});
      expect((await joined).headers, 'of a call that joined').to.deep.equal({
        'Idempotent-Replayed': 'true',
      });
      expect((await answer()).headers, 'of a later call').to.deep.equal({ 'Idempotent-Replayed': 'true' });
    }
  });

  it('sets the header also for a caller that waited in another process', async () => {
    const { answer, gate, store } = answering({});
    const elsewhere = answering({}, store.peer());
    const first = answer();
    const waiting = elsewhere.answer();
    await clock.tickAsync(1_000);
    gate.resolve();
    await clock.tickAsync(2_000);
    expect((await first).headers).to.deep.equal({});
    expect((await waiting).headers).to.deep.equal({ 'Idempotent-Replayed': 'true' });
  });

  it('does not change what is stored or kept', async () => {
    const mapReplay = (answer: Answer) => {
      answer.body += '!';
      return answer;
    };
    for (const keepLocal of [0, 1]) {
      const { answer, gate } = answering({ mapReplay, keepLocal });
      gate.resolve();
      await answer();
      expect((await answer()).body).to.equal('ok!');
      expect((await answer()).body).to.equal('ok!');
    }
  });

  it('may be asynchronous', async () => {
    const { answer, gate } = answering({ mapReplay: async (result: Answer) => replayedHeader(result) });
    gate.resolve();
    await answer();
    expect((await answer()).headers).to.have.property('Idempotent-Replayed');
  });

  it('gets the record, without the outcome itself', async () => {
    const seen: RecordView[] = [];
    const { answer, gate } = answering({
      ttl: 60,
      mapReplay: (result: Answer, record: RecordView) => {
        seen.push(record);
        return result;
      },
    });
    const startedAt = Date.now();
    gate.resolve();
    await answer();
    await clock.tickAsync(5_000);
    await answer();
    expect(seen).to.have.length(1);
    expect(seen[0]).to.include({
      operation: 'answerRequest',
      status: 'completed',
      attempt: 1,
      outcome: 'value',
      completedAt: startedAt,
      expiresAt: startedAt + 60_000,
    });
    expect(seen[0]?.key).to.match(/^answerRequest#[0-9a-f]{64}$/);
  });

  it('sees the service as `this`', async () => {
    class GreetingService {
      readonly store = new ScriptedStore();
      readonly mark = 'again';

      @Idempotent({
        store: (self: GreetingService) => self.store,
        mapReplay(this: GreetingService, result: string) {
          return `${result} ${this.mark}`;
        },
      })
      async greet(name: string): Promise<string> {
        return `hello ${name}`;
      }
    }
    const service = new GreetingService();
    expect(await service.greet('Ada')).to.equal('hello Ada');
    expect(await service.greet('Ada')).to.equal('hello Ada again');
  });

  it('rejects its caller where it fails, and does not change the outcome', async () => {
    const failure = new Error('no header today');
    let isFailing = true;
    const { answer, gate } = answering({
      mapReplay: (result: Answer) => {
        if (isFailing) throw failure;
        return result;
      },
    });
    gate.resolve();
    await answer();
    expect(await rejection(answer())).to.equal(failure);
    isFailing = false;
    expect(await answer()).to.deep.equal({ body: 'ok', headers: {} });
  });

  it('is not called for remembered errors', async () => {
    const declined = makeIdempotent(
      async function declineRequest(): Promise<Answer> {
        throw new RangeError('declined');
      },
      {
        store: new ScriptedStore(),
        remember: [RangeError],
        mapReplay: () => expect.fail('an error is no result'),
      },
    );
    await rejection(declined());
    expect(await rejection(declined()))
      .to.be.instanceOf(RangeError)
      .with.property('message', 'declined');
  });
});
