import 'retrysafe/jmespath';
import { expect } from 'chai';
import {
  ConfigurationError,
  configureIdempotency,
  IdempotencyDefaults,
  Idempotent,
  makeIdempotent,
} from 'retrysafe';
import { thrown } from '../support/rejection.js';

// biome-ignore-start lint/suspicious/noExplicitAny: these tests pass wrong options
const anyIdempotent = Idempotent as (options?: unknown) => any;
const anyMakeIdempotent = makeIdempotent as (fn: unknown, options?: unknown) => unknown;
const anyDefaults = IdempotencyDefaults as (options?: unknown) => any;
const anyConfigure = configureIdempotency as (options?: unknown) => void;
// biome-ignore-end lint/suspicious/noExplicitAny: as above

class Declined extends Error {}
const DeclinedOfAnother = class Declined extends Error {};
class ab extends Error {}
class WithPrivateState {
  #state = 1;
  get state() {
    return this.#state;
  }
}
class ExtendsHeaders extends Headers {}

interface Wrong {
  readonly value: unknown;
  /** How the message shows the value. */
  readonly shown: string;
  readonly right: RegExp;
}

const wrong = (value: unknown, shown: string, right: RegExp): Wrong => ({ value, shown, right });

const aTime = /seconds or a string with a unit, .*such as/;
const noExpression = /a JMESPath expression; this one does not parse/;
const selectors = [
  wrong(5, '5', /a JMESPath expression such as 'body.id', or a function of the arguments/),
  wrong('body.', 'a text of 5 characters', noExpression),
  wrong('[body', 'a text of 5 characters', noExpression),
  wrong('', 'an empty text', noExpression),
  wrong(async () => 'a', 'an async function', /a synchronous function/),
  wrong('headers.Idempotency-Key', 'a text of 23 characters', /write headers\."Idempotency-Key"$/),
  wrong('[a, headers.x-request-id]', 'a text of 25 characters', /write \[a, headers\."x-request-id"\]$/),
  wrong('sk-live-abcd', 'a text of 12 characters', /put the name into double quotes$/),
  wrong('open sesame', 'a text of 11 characters', /does not parse: (?!.*sesame)/),
];
const classLists = (what: string) => [
  wrong(Declined, 'the class Declined', new RegExp(`a list of ${what}$`)),
  wrong({}, 'an object', new RegExp(`a list of ${what}$`)),
  wrong(['Declined'], 'a list of 1', new RegExp(`a list of ${what}; a text of 8 characters is not a class`)),
  wrong([() => 1], 'a list of 1', /a function is not a class/),
  wrong([ab], 'a list of 1', /"ab" looks minified: build with keepNames, rename the class/),
  wrong([Declined, DeclinedOfAnother], 'a list of 2', /with different names; two are named "Declined"/),
  wrong(
    [WithPrivateState],
    'a list of 1',
    /state is in plain fields; WithPrivateState has private fields: list it as \{ class:/,
  ),
  wrong([ExtendsHeaders], 'a list of 1', /ExtendsHeaders is a built-in class, or extends one/),
];
const yesOrNo = /one of true, false/;

const table: Record<string, readonly Wrong[]> = {
  key: selectors,
  ttl: [
    wrong(0, '0', aTime),
    wrong(-1, '-1', aTime),
    wrong(Number.NaN, 'NaN', aTime),
    wrong(Number.POSITIVE_INFINITY, 'Infinity', aTime),
    wrong('5 minutes', "'5 minutes'", /such as 300 or '5m'; or a function/),
    wrong('300', "'300'", /did you mean '300s'\?; or a function$/),
    wrong(null, 'null', aTime),
    wrong(async () => 300, 'an async function', /a synchronous function$/),
    wrong('4111111111111111', 'a text of 16 characters', aTime),
    wrong(4_111_111_111_111_111, 'a number of many digits', /seconds or a string with a unit/),
    wrong(86_400_000, '86400000', /seconds: did you mean 86400\?/),
  ],
  store: [
    wrong(
      {},
      'an object',
      /a PersistenceStore \(this has no claim, replace, find\), or a function \(self\) => store/,
    ),
    wrong({ claim() {} }, 'an object', /this has no replace, find/),
    wrong('redis', 'a text of 5 characters', /a PersistenceStore/),
    wrong(null, 'null', /a PersistenceStore/),
    wrong(async () => ({}), 'an async function', /a synchronous function$/),
    wrong(Promise.resolve({}), 'a promise', /a PersistenceStore/),
  ],
  name: [
    wrong('', 'an empty text', /a text of 1 to 200 characters/),
    wrong(' placeHold', 'a text of 10 characters', /without surrounding space/),
    wrong('x'.repeat(201), 'a text of 201 characters', /1 to 200/),
    wrong(5, '5', /a text/),
  ],
  scope: selectors,
  fingerprint: [
    wrong(false, 'false', /true, or a JMESPath expression such as/),
    wrong('amount.', 'a text of 7 characters', /true, or a JMESPath expression; this one does not parse/),
    wrong(async () => 'a', 'an async function', /true, or a synchronous function/),
  ],
  lease: [
    wrong(0, '0', aTime),
    wrong('50ms', "'50ms'", /at least 100 ms, such as 30 or '30s'/),
    wrong(30_000, '30000', /seconds: did you mean 30\?/),
    wrong('half a minute', 'a text of 13 characters', aTime),
  ],
  renewFor: [
    wrong(0, '0', /such as 900 or '15m'/),
    wrong(900_000, '900000', /seconds: did you mean 900\?/),
    wrong(true, 'true', aTime),
  ],
  wait: [
    wrong(-1, '-1', /0 or more, such as 10 or '250ms'/),
    wrong(5_000, '5000', /seconds: did you mean 5\?/),
    wrong('5 s', "'5 s'", aTime),
  ],
  onAbandoned: [
    wrong('retry', 'a text of 5 characters', /one of 'run', 'refuse'; or a function/),
    wrong({ value: 1 }, 'an object', /one of 'run', 'refuse'; or a function/),
  ],
  unresolvedTtl: [
    wrong('1s', "'1s'", /at least 60000 ms, such as 86400 or '7d'; or 'until-resolved'/),
    wrong('for ever', 'a text of 8 characters', /or 'until-resolved'$/),
    wrong(() => 86_400, 'a function', aTime),
  ],
  remember: classLists('error classes'),
  onError: [
    wrong('release', 'a text of 7 characters', /a function$/),
    wrong(async () => 'release', 'an async function', /a synchronous function$/),
    wrong(function* () {}, 'a generator function', /a function that is not a generator$/),
  ],
  describeError: [
    wrong('message', 'a text of 7 characters', /a function$/),
    wrong(async () => 'text', 'an async function', /a synchronous function$/),
  ],
  runtime: [
    wrong('', 'an empty text', /a text of 1 to 200 characters, or false; or a function$/),
    wrong('x'.repeat(201), 'a text of 201 characters', /1 to 200 characters/),
    wrong(true, 'true', /or false/),
    wrong(async () => 'host', 'an async function', /a synchronous function$/),
  ],
  onStoreFailure: [
    wrong('ignore', 'a text of 6 characters', /one of 'throw', 'run'$/),
    wrong(() => 'run', 'a function', /one of 'throw', 'run'$/),
  ],
  mapReplay: [
    wrong({}, 'an object', /a function$/),
    wrong(function* () {}, 'a generator function', /a function that is not a generator$/),
    wrong(async function* () {}, 'a generator function', /a function that is not a generator$/),
  ],
  redact: [
    wrong({}, 'an object', /a function$/),
    wrong(async () => {}, 'an async function', /a synchronous function$/),
    wrong(function* () {}, 'a generator function', /a function that is not a generator$/),
  ],
  codec: [
    wrong(JSON, 'an object', /an object with encode\(value\): string and decode\(text\): unknown/),
    wrong({ encode: String }, 'an object', /an object with encode/),
    wrong(
      { encode: async () => '', decode: JSON.parse },
      'an object',
      /encode and decode are each a synchronous function/,
    ),
    wrong(
      { encode: String, decode: async () => 1 },
      'an object',
      /encode and decode are each a synchronous function/,
    ),
    wrong(null, 'null', /an object with encode/),
    wrong({ encode: String, decode: String, takes: 'bytes' }, 'an object', /takes is 'values' or 'text'/),
    wrong({ encode: String, decode: String, plain: true }, 'an object', /plain is 'replay' or 'refuse'/),
  ],
  classes: classLists('classes'),
  readFirst: [wrong('yes', 'a text of 3 characters', yesOrNo), wrong(1, '1', yesOrNo)],
  keepLocal: [
    wrong(-1, '-1', /a whole number, 0 or more/),
    wrong(1.5, '1.5', /a whole number/),
    wrong('10', "'10'", /a whole number/),
    wrong(true, 'true', /a whole number/),
  ],
  maxAttempts: [
    wrong(0, '0', /a whole number, 1 or more/),
    wrong(2.5, '2.5', /a whole number/),
    wrong('3', "'3'", /a whole number/),
    wrong(null, 'null', /a whole number/),
  ],
  clockTolerance: [
    wrong(-1, '-1', /0 or more, such as 1 or '500ms'/),
    wrong(1_000, '1000', /seconds: did you mean 1\?/),
  ],
  enabled: [
    wrong('false', 'a text of 5 characters', yesOrNo),
    wrong(0, '0', yesOrNo),
    wrong(null, 'null', yesOrNo),
  ],
};

const tellTale = async () => {};

/** Where options can be given, how a message about them begins, and which options that place does not take. */
const places = [
  {
    place: 'a method',
    begins: /^@Idempotent on (?:WronglyDecorated\.)?place: /,
    not: ['runtime'],
    give: (options: unknown) => {
      class WronglyDecorated {
        @anyIdempotent(options)
        async place() {}
      }
      return WronglyDecorated;
    },
  },
  {
    place: 'a function',
    begins: /^makeIdempotent\(tellTale\): /,
    not: ['runtime'],
    give: (options: unknown) => anyMakeIdempotent(tellTale, options),
  },
  {
    place: 'a class',
    begins: /^@IdempotencyDefaults on WronglyConfigured: /,
    not: ['key', 'runtime'],
    give: (options: unknown) => {
      @anyDefaults(options)
      class WronglyConfigured {}
      return WronglyConfigured;
    },
  },
  {
    place: 'the process',
    begins: /^configureIdempotency: /,
    not: ['key', 'name'],
    give: (options: unknown) => anyConfigure(options),
  },
];

function refusal(give: () => unknown): string {
  const error = thrown(give);
  expect(error).to.be.instanceOf(ConfigurationError).and.include({ code: 'ERR_IDEMPOTENCY_CONFIGURATION' });
  return (error as Error).message;
}

describe('a wrong option is refused when it is given, with its name, its value and what would be right', () => {
  afterEach(() => configureIdempotency({}));

  for (const [option, values] of Object.entries(table)) {
    it(`refuses a wrong ${option}`, () => {
      for (const { place, begins, not, give } of places) {
        if (not.includes(option)) continue;
        for (const { value, shown, right } of values) {
          const message = refusal(() => give({ [option]: value }));
          expect(message, place).to.match(begins);
          expect(message, place).to.contain(`option "${option}" is ${shown}; expected `);
          expect(message.slice(message.indexOf('expected')), place).to.match(right);
        }
      }
    });
  }

  it('covers every option with a wrong value', () => {
    const listed = /the options are (.*)$/.exec(refusal(() => anyMakeIdempotent(tellTale, { nope: 1 })))?.[1];
    expect([...(listed?.split(', ') ?? []), 'runtime']).to.have.members(Object.keys(table));
  });

  for (const { place, begins, not, give } of places) {
    it(`refuses an unknown option for ${place}, and lists the known ones`, () => {
      for (const unknown of ['retries', 'Key', 'constructor', 'toString']) {
        const message = refusal(() => give({ [unknown]: 3 }));
        expect(message).to.match(begins);
        expect(message).to.contain(`there is no option "${unknown}"`).and.contain('(it is 3)');
        const known = message.slice(message.indexOf('the options are ') + 16).split(', ');
        expect(known).to.have.members(Object.keys(table).filter((option) => !not.includes(option)));
      }
    });

    it(`refuses values for ${place} that are no options at all`, () => {
      for (const options of ['300', 300, ['key'], true]) {
        expect(refusal(() => give(options))).to.match(/the options are .*; expected an object such as/);
      }
    });

    it(`ignores an option that is undefined for ${place}`, () => {
      const levelOptions = Object.keys(table).filter((option) => !not.includes(option));
      give(Object.fromEntries(levelOptions.map((option) => [option, undefined])));
    });
  }

  it('refuses key and name for the process, and key for a class, and says why', () => {
    expect(refusal(() => anyConfigure({ key: 'id' }))).to.contain(
      `there is no option "key" at process level`,
    );
    expect(refusal(() => anyConfigure({ name: 'Holds' }))).to.contain('no option "name" at process level');
    class Unconfigured {}
    expect(refusal(() => anyDefaults({ key: 'id' })(Unconfigured))).to.contain(
      'no option "key" at class level',
    );
  });

  it('shows no more than a glimpse of the value', () => {
    const card = { number: '4111111111111111', nested: { secret: 'nested secret' } };
    const message = refusal(() => anyMakeIdempotent(tellTale, { wait: { card } }));
    expect(message).not.to.match(/4111|nested secret/);
  });

  it('accepts durations in every documented form', () => {
    for (const ttl of [
      1,
      0.5,
      300,
      2_678_400,
      '1ms',
      '250ms',
      '30s',
      '5m',
      '24h',
      '7d',
      '1.5h',
      '400d',
      () => 1,
    ]) {
      anyMakeIdempotent(tellTale, { ttl });
    }
    for (const wait of [0, '0s', 900, '1h']) anyMakeIdempotent(tellTale, { wait });
  });

  it('refuses a lease longer than renewFor given with it, at once', () => {
    for (const { begins, give } of places) {
      const message = refusal(() => give({ lease: 60, renewFor: '30s' }));
      expect(message).to.match(begins);
      expect(message).to.match(/option "lease" is 60; expected no longer than renewFor, which is .*30s/);
    }
  });

  it('accepts a lease as long as renewFor', () => {
    for (const { give } of places) give({ lease: 60, renewFor: '1m' });
  });
});
