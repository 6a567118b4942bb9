import { expect } from 'chai';
import {
  ClaimLostError,
  ConfigurationError,
  currentExecution,
  FingerprintError,
  InMemoryStore,
  InProgressError,
  makeIdempotent,
  OutcomeUnavailableError,
} from 'retrysafe';
import {
  type GuardedAnswer,
  type GuardedRequest,
  HttpGuard,
  type HttpOptions,
  type MadeResponse,
  responseOutcome,
} from 'retrysafe/http';
import { defer } from '../../support/defer.js';
import { catchWarnings } from '../../support/process-warnings.js';

interface Caller {
  readonly user?: unknown;
}

const paid = (text = 'paid'): MadeResponse => {
  const recorded = responseOutcome({ status: 201, headers: { 'X-A': '1' }, body: text });
  return { status: 201, headers: recorded.headers, recorded };
};

describe('a guard', () => {
  let store: InMemoryStore;
  let guard: HttpGuard<Caller>;
  let runs: number;

  const guardWith = (options: Partial<HttpOptions<Caller>> = {}, isRequired = true) => {
    guard = new HttpGuard<Caller>({ store, scope: 'public', ...options }, { where: 'guard()', isRequired });
  };

  beforeEach(() => {
    store = new InMemoryStore();
    runs = 0;
    guardWith();
  });

  function request(
    parts: Partial<GuardedRequest> & { headers?: Record<string, string> } = {},
  ): GuardedRequest {
    const { headers, ...more } = parts;
    const given: Record<string, string> = { 'idempotency-key': 'k', ...headers };
    return {
      method: 'POST',
      route: '/payments/:id',
      path: '/payments/1',
      query: '',
      header: (name) => [given[name] ?? []].flat(),
      body: () => ({ kind: 'none' }),
      ...more,
    };
  }

  async function send(
    sent: GuardedRequest = request(),
    make: () => MadeResponse | Promise<MadeResponse> = () => paid(),
    caller: Caller = {},
  ): Promise<GuardedAnswer> {
    return guard.perform(sent, [caller], () => {
      runs += 1;
      return make();
    });
  }

  const kind = (answer: GuardedAnswer) =>
    answer.from === 'guard' ? answer.problem.body.type.replace('urn:retrysafe:problem:', '') : answer.from;
  const kinds = async (...sent: readonly Promise<GuardedAnswer>[]) => (await Promise.all(sent)).map(kind);

  describe('concerns a request', () => {
    it('that may change something, with a key or where one is required', () => {
      const concerns = (method: string, key: readonly string[], isRequired?: boolean) =>
        guard.concerns({ method, header: () => key }, isRequired);
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE'])
        expect(concerns(method, ['k'])).to.equal(false);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'MKCOL']) {
        expect(concerns(method, [])).to.equal(true);
        expect(concerns(method, [], false)).to.equal(false);
        expect(concerns(method, ['k'], false)).to.equal(true);
        // An empty key is one that has to be corrected.
        expect(concerns(method, [''], false)).to.equal(true);
      }
      guardWith({}, false);
      expect(concerns('POST', [])).to.equal(false);
      guardWith({ required: true }, false);
      expect(concerns('POST', [], false)).to.equal(true);
      guardWith({ required: false });
      expect(concerns('POST', [], true)).to.equal(false);
    });

    it('by a header of its own', () => {
      guardWith({ header: 'X-Request-Key', required: false });
      const asked: string[] = [];
      guard.concerns({
        method: 'POST',
        header: (name) => {
          asked.push(name);
          return [];
        },
      });
      expect(asked).to.deep.equal(['x-request-key']);
      expect(guard.header).to.equal('x-request-key');
    });
  });

  describe('takes two requests for two keys', () => {
    const other: Record<string, GuardedRequest> = {
      'of another method': request({ method: 'PUT' }),
      'of another route': request({ route: '/payments/:other' }),
      'with another key': request({ headers: { 'idempotency-key': 'other' } }),
      'whose route is the path of the first one': request({ route: '/payments/1' }),
      'of another route and name that read the same': request({ method: 'POST /payments/:id', route: '' }),
    };
    for (const [what, second] of Object.entries(other))
      it(what, async () => {
        expect(await kinds(send())).to.deep.equal(['handler']);
        expect(await kinds(send(second))).to.deep.equal(['handler']);
        expect(await kinds(send(), send(second))).to.deep.equal(['record', 'record']);
      });

    it('of another guard by its name', async () => {
      await send();
      guardWith({ name: 'other' });
      expect(kind(await send())).to.equal('handler');
    });

    it('on another path without a route', async () => {
      const at = (path: string) => request({ route: undefined, path });
      expect(await kinds(send(at('/a')), send(at('/b')))).to.deep.equal(['handler', 'handler']);
    });

    it('of routes that are longer than a name of an operation', async () => {
      const route = `/${'long/'.repeat(60)}`;
      const operations: string[] = [];
      const make = () => {
        operations.push(currentExecution().operation);
        return paid();
      };
      for (const end of ['a', 'b'])
        expect(kind(await send(request({ route: route + end }), make))).to.equal('handler');
      expect(operations).to.deep.equal(['http', 'http']);
    });
  });

  describe('takes two requests for different ones of one key', () => {
    const other: Record<string, GuardedRequest> = {
      'with another path': request({ path: '/payments/2' }),
      'with another query': request({ query: 'a=1' }),
      'with another type': request({ headers: { 'content-type': 'text/plain' } }),
      'with another body': request({ body: () => ({ kind: 'bytes', bytes: Buffer.from('x') }) }),
      'whose path has the query of the first one': request({ path: '/payments/1?', query: '' }),
    };
    for (const [what, second] of Object.entries(other))
      it(what, async () => {
        await send();
        expect(kind(await send(second))).to.equal('key-reused');
        expect(runs).to.equal(1);
      });

    it('by what `fingerprint` returns', async () => {
      guardWith({
        fingerprint: async ({ path, query }, { user }) => [path, query.includes('important'), user],
      });
      await send(request({ query: 'a=1' }), undefined, { user: 'a' });
      expect(kind(await send(request({ query: 'a=2' }), undefined, { user: 'a' }))).to.equal('record');
      expect(kind(await send(request({ query: 'important' }), undefined, { user: 'a' }))).to.equal(
        'key-reused',
      );
      expect(kind(await send(request({ query: 'a=1' }), undefined, { user: 'b' }))).to.equal('key-reused');
    });
  });

  describe('keeps callers apart', () => {
    const users = [
      '1',
      1,
      1n,
      '1,"bigint"',
      '["1"]',
      'public',
      '[]',
      'Public',
      'public ',
      0,
      '0',
      -1,
      1.5,
      '\ud800',
      '\ufffd',
    ];

    it('whose scopes differ in anything, the kind of a value among it', async () => {
      guardWith({ scope: ({ user }) => user as string });
      for (const user of users)
        expect(kind(await send(request(), undefined, { user })), String(user)).to.equal('handler');
      for (const user of users)
        expect(kind(await send(request(), undefined, { user })), String(user)).to.equal('record');
    });

    it('one of whom is named as all of them', async () => {
      await send();
      guardWith({ scope: () => 'public' });
      expect(kind(await send())).to.equal('handler');
      guardWith({ scope: () => '[]' });
      expect(kind(await send())).to.equal('handler');
    });

    it('and refuses one who is none', async () => {
      for (const user of [undefined, null, '']) {
        guardWith({ scope: async () => user });
        const answer = await send();
        expect([kind(answer), answer.from === 'guard' && answer.problem.status]).to.deep.equal([
          'unscoped',
          401,
        ]);
      }
      guardWith({ scope: () => undefined, unscopedStatus: 403 });
      const answer = await send();
      expect(answer.from === 'guard' && answer.problem.status).to.equal(403);
      expect(runs).to.equal(0);
    });

    it('and refuses what names nobody, and says so to the owner', async () => {
      const warnings = catchWarnings();
      try {
        for (const user of [Number.NaN, Number.POSITIVE_INFINITY, true, {}, [], () => 'a', Symbol('a')]) {
          guardWith({ scope: () => user as string });
          const answer = await send();
          expect(kind(answer), String(user)).to.equal('misconfigured');
          expect(answer.from === 'guard' && String(answer.error)).to.match(/option "scope" returned/);
        }
        expect(warnings.texts('RETRYSAFE_MISCONFIGURED').join()).to.match(
          /^(guard\(\): option "scope" .+)?$/,
        );
      } finally {
        warnings.restore();
      }
      expect(runs).to.equal(0);
    });

    it('and leaves an error of the scope to the framework', async () => {
      const error = new Error('no session');
      guardWith({
        scope: () => {
          throw error;
        },
      });
      expect(await send()).to.deep.equal({ from: 'error', error });
    });
  });

  describe('limits what is under way', () => {
    it('of a scope, until it has ended in whatever way', async () => {
      guardWith({ maxInFlight: 2, scope: ({ user }) => user as string });
      const held = [defer<MadeResponse>(), defer<MadeResponse>()];
      const keyed = (key: string) => request({ headers: { 'idempotency-key': key } });
      const by = (key: string, user = 'alice', made = paid() as MadeResponse | Promise<MadeResponse>) =>
        send(keyed(key), () => made, { user });
      const first = by('1', 'alice', held[0]?.promise);
      const second = by('2', 'alice', held[1]?.promise);
      const third = await by('3');
      expect(kind(third)).to.equal('too-many-in-flight');
      expect(
        third.from === 'guard' && [third.problem.status, third.problem.headers['retry-after']],
      ).to.deep.equal([429, '1']);
      expect(kind(await by('3', 'bob'))).to.equal('handler');
      held[0]?.resolve(paid());
      expect(kind(await first)).to.equal('handler');
      expect(kind(await by('3'))).to.equal('handler');
      held[1]?.reject(new Error('failed'));
      expect(kind(await second)).to.equal('error');
      expect(await kinds(by('4'), by('5'))).to.deep.equal(['handler', 'handler']);
    });

    it('and counts a request that it refuses no longer', async () => {
      guardWith({ maxInFlight: 1, maxRequest: 5 });
      const large = request({ body: () => ({ kind: 'too-large' }) });
      for (const _ of [1, 2]) expect(kind(await send(large))).to.equal('body-too-large');
      const broken = request({ body: () => Promise.reject(new Error('the client is gone')) });
      for (const _ of [1, 2]) expect(kind(await send(broken))).to.equal('error');
      expect(kind(await send())).to.equal('handler');
      expect(kind(await send(request({ path: '/payments/2' })))).to.equal('key-reused');
      expect(kind(await send())).to.equal('record');
    });

    it('and tells how many bytes of a body it wants', async () => {
      guardWith({ maxRequest: 5 });
      const asked: number[] = [];
      const body = (limitBytes: number) => {
        asked.push(limitBytes);
        return { kind: 'none' } as const;
      };
      await send(request({ body }));
      guardWith();
      await send(request({ body }));
      expect(asked).to.deep.equal([5, 1_048_576]);
    });
  });

  describe('records', () => {
    it('a response with its status, headers and body', async () => {
      await send();
      const answer = await send();
      expect(answer).to.deep.equal({ from: 'record', isReplay: true, response: paid().recorded });
      expect(runs).to.equal(1);
    });

    it('that there is none, with the reason', async () => {
      const made = { status: 200, headers: [], unrecorded: 'it is too long' };
      expect(kind(await send(request(), () => made))).to.equal('handler');
      const answer = await send(request(), () => made);
      expect(kind(answer)).to.equal('outcome-unavailable');
      expect(answer.from === 'guard' && String(answer.error)).to.contain('it is too long');
      expect(runs).to.equal(1);
    });

    it('no response that is no outcome', async () => {
      for (const status of [408, 409, 425, 429, 500, 599]) {
        const made = { ...paid(), status };
        const sent = request({ headers: { 'idempotency-key': String(status) } });
        for (const _ of [1, 2])
          expect(kind(await send(sent, () => made)), String(status)).to.equal('handler');
      }
      expect(runs).to.equal(12);
    });

    it('what `isOutcome` says, which sees the headers that the handler set', async () => {
      guardWith({ isOutcome: ({ status, header }) => status === 500 && header('x-a') === '1' });
      for (const _ of [1, 2]) expect(kind(await send())).to.equal('handler');
      const failed = { ...paid(), status: 500 };
      expect(await kinds(send(request(), () => failed))).to.deep.equal(['handler']);
      expect(kind(await send())).to.equal('record');
    });
  });

  it('lets the status decide where `isOutcome` decides nothing, and says so to the owner', async () => {
    const warnings = catchWarnings();
    try {
      const functions: Record<string, () => unknown> = {
        nothing: () => undefined,
        late: () => Promise.resolve(true),
        broken: () => {
          throw new Error('sk_live_1234');
        },
      };
      for (const [name, isOutcome] of Object.entries(functions)) {
        guardWith({ name, isOutcome: isOutcome as never });
        for (const expected of ['handler', 'record']) expect(kind(await send()), name).to.equal(expected);
      }
      const texts = warnings.texts('RETRYSAFE_IS_OUTCOME');
      expect(texts).to.have.lengthOf(3);
      for (const text of texts)
        expect(text).to.match(/^guard\(\): option "isOutcome" decided nothing, since .+/);
      expect(texts.join()).not.to.contain('sk_live');
    } finally {
      warnings.restore();
    }
  });

  describe('answers', () => {
    it('a duplicate that comes while the first request runs, with the seconds that it may take', async () => {
      const held = defer<MadeResponse>();
      const first = send(request(), () => held.promise);
      const answer = await send();
      expect(kind(answer)).to.equal('in-progress');
      expect(answer.from === 'guard' && answer.problem.headers['retry-after']).to.equal('1');
      expect(answer.from === 'guard' && answer.error).to.be.an.instanceOf(InProgressError);
      held.resolve(paid());
      await first;
    });

    it('with the error itself, where the framework is in charge', async () => {
      guardWith({ errors: 'framework' });
      await send();
      const answer = await send(request({ query: 'other' }));
      expect(answer.from === 'error' && answer.error).to.be.an.instanceOf(FingerprintError);
      const missing = await send(request({ header: () => [] }));
      expect(missing.from === 'error' && missing.error).to.include({ fault: 'key-missing', statusCode: 400 });
    });

    for (const error of [new Error('failed'), 'a text', undefined, null, 0])
      it(`with what the handler threw: ${String(error)}`, async () => {
        const answer = await send(request(), () => Promise.reject(error));
        expect(answer).to.deep.equal({ from: 'error', error });
        expect(kind(await send())).to.equal('handler');
      });

    it('with an error of this library that the handler threw as with any other', async () => {
      const inner = makeIdempotent(() => Promise.reject(new FingerprintError('inner')), {
        name: 'inner',
        key: () => 'k',
        store,
      });
      const answer = await send(request(), async () => {
        await inner();
        return paid();
      });
      expect(answer.from === 'error' && String(answer.error)).to.contain('inner');
    });

    it('with a problem where its run gave up for it has lost its key', async () => {
      guardWith({ lease: '100ms', renewFor: '100ms' });
      const answer = await send(request(), () => {
        const { signal } = currentExecution();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      });
      expect(kind(answer)).to.equal('claim-lost');
      expect(answer.from === 'guard' && answer.problem.headers['retry-after']).to.equal('1');
    });

    it('with the error where the handler threw the loss of another run', async () => {
      const error = new ClaimLostError('of something else');
      expect(await send(request(), () => Promise.reject(error))).to.deep.equal({ from: 'error', error });
    });

    it('with nothing that is recorded, where it is no response', async () => {
      guardWith({ onFailure: 'unknown', onAbandoned: () => ({ value: 'no response' }) as never });
      await send(request(), () => Promise.reject(new Error('lost')));
      const answer = await send();
      expect(kind(answer)).to.equal('outcome-unavailable');
      expect(answer.from === 'guard' && answer.error).to.be.an.instanceOf(OutcomeUnavailableError);
    });

    it('with a response that `onAbandoned` returns, which is no replay', async () => {
      const response = responseOutcome({ status: 200, body: { found: true } });
      guardWith({ onFailure: 'unknown', onAbandoned: () => ({ value: response }) });
      await send(request(), () => Promise.reject(new Error('lost')));
      expect(await send()).to.deep.equal({ from: 'record', isReplay: false, response });
      expect(await send()).to.deep.equal({ from: 'record', isReplay: true, response });
      expect(runs).to.equal(1);
    });

    it('with no encoding that the client does not take', async () => {
      const recorded = responseOutcome({ headers: { 'Content-Encoding': 'br' }, body: Uint8Array.of(1) });
      const made = { status: 200, headers: recorded.headers, recorded };
      await send(request(), () => made);
      const accepting = (accepted: string) =>
        send(request({ headers: { 'accept-encoding': accepted } }), () => made);
      expect(await kinds(accepting('gzip'), accepting('gzip, br'), send())).to.deep.equal([
        'encoding-refused',
        'record',
        'record',
      ]);
    });
  });

  it('refuses wrong options at once', () => {
    expect(() => guardWith({ maxKey: 0 })).to.throw(ConfigurationError, /guard\(\): option "maxKey"/);
  });
});
