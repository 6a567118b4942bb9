import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as retrysafe from 'retrysafe';
import {
  AttemptsExhaustedError,
  ClaimLostError,
  ConfigurationError,
  FingerprintError,
  IdempotencyError,
  InProgressError,
  KeyError,
  NotResolvedError,
  OutcomeUnavailableError,
  OutcomeUnknownError,
  ReentrantCallError,
  StoreError,
} from 'retrysafe';
import { type ProblemName, problemOf, type RequestFault, RequestRefusedError } from 'retrysafe/http';

const MESSAGE = 'tell the owner: call recordOf(x)';
const of = {
  operation: 'http POST /secret',
  key: 'http POST /secret#0123abcd',
  cause: new Error('inner secret'),
};
const refused = (fault: RequestFault) => new RequestRefusedError(MESSAGE, { ...of, fault });

/** One error for each problem that there is: its status, and the seconds after which a client may retry. */
const rows: readonly (readonly [
  name: ProblemName,
  error: IdempotencyError,
  status: number,
  retryAfter?: string,
])[] = [
  ['key-missing', refused('key-missing'), 400],
  ['key-malformed', refused('key-malformed'), 400],
  ['key-malformed', new KeyError(MESSAGE, of), 400],
  ['key-too-long', refused('key-too-long'), 400],
  ['key-repeated', refused('key-repeated'), 400],
  ['request-not-comparable', new KeyError(MESSAGE, { ...of, option: 'fingerprint' }), 400],
  ['unscoped', refused('unscoped'), 401],
  ['unscoped', new RequestRefusedError(MESSAGE, { fault: 'unscoped', statusCode: 403 }), 403],
  ['unscoped', new KeyError(MESSAGE, { ...of, option: 'scope' }), 400],
  ['encoding-refused', refused('encoding-refused'), 406],
  ['in-progress', new InProgressError(MESSAGE, { ...of, retryAfter: 7, startedAt: 5 }), 409, '7'],
  ['claim-lost', new ClaimLostError(MESSAGE, of), 409, '1'],
  ['outcome-unavailable', new OutcomeUnavailableError(MESSAGE, of), 410],
  ['refused', new OutcomeUnavailableError(MESSAGE, { ...of, isRefused: true }), 410],
  ['not-resolved', new NotResolvedError(MESSAGE, of), 412],
  ['body-too-large', refused('body-too-large'), 413],
  ['key-reused', new FingerprintError(MESSAGE, of), 422],
  ['outcome-unknown', new OutcomeUnknownError(MESSAGE, of), 424],
  ['outcome-unknown', new AttemptsExhaustedError(MESSAGE, { ...of, attempts: 3 }), 424],
  ['too-many-in-flight', refused('too-many-in-flight'), 429, '1'],
  ['misconfigured', new ConfigurationError(MESSAGE, of), 500],
  ['misconfigured', new ReentrantCallError(MESSAGE, of), 500],
  ['outcome-unconfirmed', new OutcomeUnknownError(MESSAGE, { ...of, advice: 'retry-later' }), 503, '1'],
  ['store-unavailable', new StoreError(MESSAGE, { ...of, step: 'claim' }), 503, '1'],
];

describe('a problem', () => {
  for (const [name, error, status, retryAfter] of rows)
    it(`${name} is the answer to a ${error.name} of ${status}, and tells nothing of the service`, () => {
      const problem = problemOf(error);
      expect(problem?.status).to.equal(status);
      expect(problem?.headers).to.deep.equal({
        'content-type': 'application/problem+json',
        ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
      });
      expect(problem?.body).to.have.all.keys('type', 'title', 'status', 'detail');
      expect(problem?.body).to.include({ type: `urn:retrysafe:problem:${name}`, status });
      expect(problem?.body.title).to.match(/^[A-Z].+[^.]$/);
      expect(problem?.body.detail).to.match(/^[A-Z].+\.$/);
      const { title, detail } = problem?.body ?? {};
      expect(`${title} ${detail}`).not.to.match(/secret|recordOf|owner|0123abcd|scope|fingerprint/);
      expect(JSON.stringify(problem)).not.to.match(/secret|recordOf|owner|0123abcd/);
    });

  it('is there for every class of errors, and every advice, that there is', () => {
    const isClassOfErrors = (value: unknown) =>
      typeof value === 'function' && Object.getPrototypeOf(value) === IdempotencyError;
    const classes = Object.values(retrysafe).filter(isClassOfErrors);
    const found = new Set<unknown>(rows.map(([, error]) => error.constructor));
    for (const one of classes) expect(found.has(one), String(one)).to.equal(true);
    expect(classes.length).to.be.at.least(9);
  });

  it('has a status that the owner of a library said, unless no client may retry for ever', () => {
    for (const [name, error, status, retryAfter] of rows) {
      expect(error.statusCode, name).to.equal(status);
      const isRetried = status === 409 || status === 429 || status >= 502;
      expect(isRetried, name).to.equal(retryAfter !== undefined);
    }
  });

  it('is described in docs/reference/errors.md', () => {
    const document = readFileSync(new URL('../../../../docs/reference/errors.md', import.meta.url), 'utf8');
    const described = [...document.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (yes|no) \|/gm)].map(
      ([, name, status, isRetried]) => `${name} ${status} ${isRetried}`,
    );
    const once = new Map(rows.map(([name, , status, retryAfter]) => [name, [status, retryAfter]]));
    once.set('unscoped', [401, undefined]);
    const expected = [...once].map(
      ([name, [status, after]]) => `${name} ${status} ${after === undefined ? 'no' : 'yes'}`,
    );
    expect(described.sort()).to.deep.equal(expected.sort());
  });

  it('has a type and seconds by option', () => {
    const types = 'https://api.example.com/problems/';
    const problem = problemOf(new InProgressError('', { retryAfter: 7 }), { types, retryAfter: 3 });
    expect(problem?.body.type).to.equal(`${types}in-progress`);
    expect(problem?.headers['retry-after']).to.equal('3');
    expect(problemOf(new FingerprintError(''), { retryAfter: 3 })?.headers).not.to.have.property(
      'retry-after',
    );
  });

  it('is there for an error of another copy of the library', () => {
    const foreign = Object.assign(Object.create({ [Symbol.for('retrysafe.error')]: 'in-progress' }), {
      code: 'ERR_IDEMPOTENCY_IN_PROGRESS',
      statusCode: 409,
      retryAfter: 4,
    });
    expect(problemOf(foreign)?.headers['retry-after']).to.equal('4');
  });

  it('is none for any other error', () => {
    for (const error of [new Error('x'), new TypeError('y'), undefined, null, 'text', { statusCode: 409 }])
      expect(problemOf(error)).to.equal(undefined);
  });
});
