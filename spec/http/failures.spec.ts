import { expect } from 'chai';
import { type Abandoned, ConfigurationError, InMemoryStore } from 'retrysafe';
import { type FetchOptions, idempotent } from 'retrysafe/http';
import { type CaughtWarnings, catchWarnings } from '../support/process-warnings.js';
import { rejection, thrown } from '../support/rejection.js';

/** Answers requests with what `make` returns, and tells of abandoned attempts. */
function serving(make: (run: number) => Response, options: Partial<FetchOptions> = {}) {
  let runs = 0;
  const abandoned: Abandoned['status'][] = [];
  const handle = idempotent(
    async () => {
      runs += 1;
      return make(runs);
    },
    {
      store: new InMemoryStore(),
      scope: 'public',
      onAbandoned: ({ status }) => {
        abandoned.push(status);
        return 'run';
      },
      ...options,
    },
  );
  const headers = { 'Idempotency-Key': 'k-1' };
  return {
    abandoned,
    runs: () => runs,
    send: () => handle(new Request('http://host/payments', { method: 'POST', headers, body: '{}' })),
  };
}

describe('what becomes of a failure', () => {
  let warnings: CaughtWarnings;
  beforeEach(() => {
    warnings = catchWarnings();
  });
  afterEach(() => warnings.restore());

  it('is decided by a function of the response: one released, one unknown', async () => {
    const responses = [
      new Response('nothing was done', { status: 503 }),
      new Response('the bank is silent', { status: 504, headers: { 'X-Asked': 'bank' } }),
      new Response('paid', { status: 201 }),
    ];
    const seen: unknown[] = [];
    const { send, abandoned, runs } = serving((run) => responses[run - 1] as Response, {
      onFailure: ({ status, header }) => {
        seen.push([status, header('x-asked')]);
        return status === 504 ? 'unknown' : 'release';
      },
    });
    expect((await send()).status).to.equal(503);
    expect((await send()).status).to.equal(504);
    expect(abandoned, 'after a release nobody is asked').to.deep.equal([]);
    expect((await send()).status).to.equal(201);
    expect(abandoned).to.deep.equal(['unknown']);
    expect(seen).to.deep.equal([
      [503, undefined],
      [504, 'bank'],
    ]);
    expect(runs()).to.equal(3);
  });

  it('of an error that the handler threw is decided as that of a 500', async () => {
    const { send, abandoned } = serving(
      (run) => {
        if (run === 1) throw new Error('the bank is closed');
        return new Response('paid');
      },
      { onFailure: ({ status }) => (status === 500 ? 'unknown' : 'release') },
    );
    await rejection(send());
    await send();
    expect(abandoned).to.deep.equal(['unknown']);
  });

  it('is unknown where the function decides nothing, with a warning', async () => {
    for (const [name, onFailure, fault] of [
      ['f-1', () => undefined, /it returned undefined/],
      [
        'f-2',
        () => {
          throw new Error('secret');
        },
        /it threw an? /,
      ],
    ] as const) {
      const { send, abandoned } = serving(() => new Response('', { status: 500 }), {
        name,
        onFailure: onFailure as never,
      });
      await send();
      await send();
      expect(abandoned).to.deep.equal(['unknown']);
      const texts = warnings.texts('RETRYSAFE_ON_FAILURE').filter((text) => text.startsWith(name));
      expect(texts).to.have.length(1);
      expect(texts[0])
        .to.match(fault)
        .and.match(/the outcome is unknown; expected 'release' or 'unknown'/);
      expect(texts[0]).not.to.include('secret');
    }
  });

  it('is not decided by a promise, or by anything else', () => {
    for (const onFailure of [async () => 'release', 'retry', 5]) {
      const error = thrown(() => serving(() => new Response(''), { onFailure: onFailure as never })) as Error;
      expect(error).to.be.an.instanceOf(ConfigurationError);
      expect(error.message).to.match(/option "onFailure"/);
    }
  });
});

describe('what is wrong with the service', () => {
  it('is told to its owner by a warning, once, and not to a client', async () => {
    const warnings = catchWarnings();
    try {
      const { send } = serving(() => expect.fail('it ran'), { scope: (() => ({ secret: 1 })) as never });
      for (const _ of [1, 2]) {
        const response = await send();
        expect(response.status).to.equal(500);
        expect(await response.text())
          .to.include('misconfigured')
          .and.not.include('scope');
      }
      const texts = warnings.texts('RETRYSAFE_MISCONFIGURED');
      expect(texts).to.have.length(1);
      expect(texts[0])
        .to.match(/option "scope" returned an object/)
        .and.not.include('secret');
    } finally {
      warnings.restore();
    }
  });
});
