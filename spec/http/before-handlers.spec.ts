import { expect } from 'chai';
import { currentExecution, InMemoryStore } from 'retrysafe';
import { type GuardedRequest, HttpGuard, type HttpOptions, type MadeResponse } from 'retrysafe/http';

const request = (amount: number): GuardedRequest => ({
  method: 'POST',
  route: '/payments',
  path: '/payments',
  query: '',
  header: (name) =>
    name === 'idempotency-key' ? ['k-1'] : name === 'content-type' ? ['application/json'] : [],
  body: () => ({ kind: 'parsed', value: { amount } }),
});
const refused: MadeResponse = { status: 400, headers: [], hasRun: false };
const paid: MadeResponse = {
  status: 201,
  headers: [],
  recorded: { status: 201, headers: [], text: 'paid' },
};
const failed: MadeResponse = { status: 500, headers: [] };

describe('a request that is answered before its handler begins', () => {
  let made: MadeResponse[];
  let guard: HttpGuard<string>;

  const guardWith = (options: Partial<HttpOptions<string>> = {}) =>
    new HttpGuard<string>(
      { store: new InMemoryStore(), scope: 'public', ...options },
      { where: 'the guard', isRequired: true },
    );
  const send = async (amount: number) => {
    const answer = await guard.perform(request(amount), [''], () => made.shift() as MadeResponse);
    return answer.from === 'guard' ? answer.problem.status : answer.from;
  };

  beforeEach(() => {
    guard = guardWith();
    made = [];
  });

  it('leaves the key to a corrected request', async () => {
    made = [refused, refused, paid];
    expect(await send(-1)).to.equal('handler');
    expect(await send(-2)).to.equal('handler');
    expect(await send(3)).to.equal('handler');
    expect(await send(3)).to.equal('record');
    expect(await send(4)).to.equal(422);
  });

  it('is no outcome, whatever the options say of that', async () => {
    guard = guardWith({ isOutcome: () => true, onFailure: 'unknown', onAbandoned: 'refuse' });
    made = [refused, paid];
    expect(await send(-1)).to.equal('handler');
    expect(await send(3)).to.equal('handler');
    expect(await send(3)).to.equal('record');
  });

  it('does not free a key for another request that an attempt before has failed with', async () => {
    made = [failed, refused, paid];
    expect(await send(1)).to.equal('handler');
    expect(await send(1)).to.equal('handler');
    expect(await send(2)).to.equal(422);
    expect(await send(1)).to.equal('handler');
    expect(made).to.deep.equal([]);
  });

  it('does not make known what was unknown before', async () => {
    let asked = 0;
    guard = guardWith({
      onFailure: 'unknown',
      onAbandoned: () => {
        asked += 1;
        return 'run';
      },
    });
    made = [failed, refused, paid];
    for (const times of [0, 1, 2]) {
      expect(await send(1)).to.equal('handler');
      expect(asked).to.equal(times);
    }
    expect(await send(1)).to.equal('record');
  });

  it('counts as no attempt', async () => {
    const attempts: number[] = [];
    made = [refused, failed, refused, paid];
    for (let left = made.length; left > 0; left -= 1)
      await guard.perform(request(1), [''], () => {
        attempts.push(currentExecution().attempt);
        return made.shift() as MadeResponse;
      });
    expect(attempts).to.deep.equal([1, 1, 2, 2]);
  });
});
