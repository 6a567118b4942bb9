import 'retrysafe/jmespath';
import { expect } from 'chai';
import { KeyError } from 'retrysafe';
import { keyReader } from '../support/key-of.js';
import { rejection } from '../support/rejection.js';

const httpEvent = (body: string) => ({ requestContext: {}, isBase64Encoded: false, headers: {}, body });
const keyOfValue = (value: unknown) => keyReader({ key: 'value' })({ value });

const wei = 2n ** 60n + 1n;
const items = `[
  {"id":"a","wei":${wei}},
  {"id":"b","wei":1},
  {"id":"c","wei":1222223333.00000001},
  {"id":"d","wei":1e400},
  {"id":"e","wei":-1e400},
  {"id":"f","wei":${wei + 1n}.0}
]`;
const document = `{"items":${items},"mixed":[10, 9, 1e400, -1, ${wei}],"nested":[[${wei}],[2]],"list":[${wei}],"same":${wei},
  "pairs":[["wei",${wei}]],"part":{"wei":${wei}},"text":"26e7694","precise":"1222223333.00000001","n":1.5}`;

/** What an expression selects from the document above. */
const selections: Readonly<Record<string, unknown>> = {
  'items[?wei > `100`].id': ['a', 'c', 'd', 'f'],
  'items[?wei >= `1152921504606846977`].id': ['a', 'd', 'f'],
  'items[?wei > `1152921504606846977`].id': ['d', 'f'],
  'items[?wei < `1222223333.00000002`].id': ['b', 'c', 'e'],
  'items[?wei <= `1222223333.00000001`].id': ['b', 'c', 'e'],
  'items[?wei < `-2e399`].id': ['e'],
  'items[?wei == `1152921504606846977`].id': ['a'],
  'items[?wei != `1152921504606846977`].id': ['b', 'c', 'd', 'e', 'f'],
  'items[?wei == `11529215046068469770e-1`].id': ['a'],
  'items[?wei].id': ['a', 'b', 'c', 'd', 'e', 'f'],
  'items[?wei && id].id': ['a', 'b', 'c', 'd', 'e', 'f'],
  'items[?!wei] || `"none"`': 'none',
  'items[?type(wei) == `"number"`].id': ['a', 'b', 'c', 'd', 'e', 'f'],
  'items[?abs(wei) == `1e400`].id': ['d', 'e'],
  'sort_by(items, &wei)[].id': ['e', 'b', 'c', 'a', 'f', 'd'],
  'max_by(items, &wei).id': 'd',
  'min_by(items, &wei).id': 'e',
  'max_by(items, &id).wei': wei + 1n,
  'sort(mixed)[:3]': [-1, 9, 10],
  'sort(mixed)[3]': wei,
  'max(mixed[:2])': 10,
  'min(mixed)': -1,
  'max(list)': wei,
  'contains(list, same)': true,
  'contains(nested, list)': true,
  'contains(mixed, `1152921504606846978`)': false,
  'nested == `[[1152921504606846977],[2]]`': true,
  'part == `{"wei":1152921504606846976}`': false,
  'nested[]': [wei, 2],
  'nested[][] | [0]': wei,
  'from_items(pairs)': { wei },
  'merge(part, `{"a":1}`)': { wei, a: 1 },
  'values(part)': [wei],
  'items(part)[0][1]': wei,
  'zip(list, list)': [[wei, wei]],
  'reverse(list)': [wei],
  'map(&@, list)': [wei],
  'not_null(missing, same)': wei,
  'to_array(same)': [wei],
  'to_string(same)': String(wei),
  "join('-', [to_string(same), to_string(items[2].wei)])": `${wei}-1222223333.00000001`,
  'let $wei = same in items[?wei == $wei].id': ['a'],
  'let $wei = same in $wei': wei,
  'same || text': wei,
  'same ? text : n': '26e7694',
  'ceil(same)': wei,
  'floor(n)': 1,
  'ceil(n)': 2,
  'sum(mixed[:2])': 19,
  'avg(mixed[:2])': 9.5,
  'n + `1.5`': 3,
  '-n': -1.5,
  'part.*': [wei],
  '@.part.wei': wei,
  'to_number(text) == `26e7694`': true,
  'to_number(precise) == items[2].wei': true,
  "to_number('0x10') || to_number('') || to_number(' 1') || to_number('Infinity') || 'none'": 'none',
};

/** Expressions that cannot be computed exactly, or that no number has an answer to. */
const refused: Readonly<Record<string, RegExp>> = {
  'sum(mixed)': /sum\(\) cannot compute/,
  'avg(list)': /avg\(\) cannot compute/,
  'floor(items[2].wei)': /floor\(\) takes no fraction/,
  'ceil(items[2].wei)': /ceil\(\) takes no fraction/,
  'same + `1`': /cannot compute with a number/,
  'same * `2`': /cannot compute with a number/,
  'same // `3`': /cannot compute with a number/,
  '-same': /cannot compute with a number/,
  "join('-', list)": /Invalid type/,
  "starts_with(same, '1')": /Invalid type/,
  'keys(same)': /Invalid type/,
  'length(same)': /Invalid type/,
  'to_string(part)': /to_string\(\) cannot write/,
  'to_string(nested)': /to_string\(\) cannot write/,
  'sort_by(items, &[wei])': /neither all numbers nor all texts/,
};

/** Parts that a number does not have. */
const nothing = ['same.written', 'same.*', 'items[*].wei.written', '[same, same.constructor]'];

describe('an expression over numbers that a double does not hold', () => {
  const select = (key: string) => keyReader({ key: `body | ${key}` })(httpEvent(document));

  for (const [key, value] of Object.entries(selections)) {
    it(`selects the right value: ${key}`, async () => {
      expect(await select(key)).to.equal(await keyOfValue(value));
    });
  }

  for (const [key, reason] of Object.entries(refused)) {
    it(`is refused where it could be wrong: ${key}`, async () => {
      const error = (await rejection(select(key))) as KeyError;
      expect(error).to.be.instanceOf(KeyError);
      expect((error.cause as Error).message).to.match(reason);
    });
  }

  for (const key of nothing) {
    it(`selects nothing where a number has no such part: ${key}`, async () => {
      const error = (await rejection(select(key))) as KeyError;
      expect(error).to.be.instanceOf(KeyError);
      expect(error.message).to.include('selects nothing');
    });
  }
});

describe('an expression over the bigints of a service', () => {
  const request = {
    items: [
      { id: 'a', wei },
      { id: 'b', wei: 1n },
      { id: 'c', wei: 50 },
    ],
    list: [9n, 10n, 2],
  };
  const select = (key: string) => keyReader({ key })(request);

  for (const [key, value] of Object.entries({
    'items[?wei > `10`].id': ['a', 'c'],
    'items[?wei == `1`].id': ['b'],
    'sort(list)': [2, 9n, 10n],
    'max(list)': 10n,
    'sort_by(items, &wei)[].id': ['b', 'c', 'a'],
    'to_number(items[0].wei)': wei,
    'type(list[0])': 'number',
    'contains(list, `10`)': true,
  }))
    it(`selects the right value: ${key}`, async () => {
      expect(await select(key)).to.equal(await keyOfValue(value));
    });

  for (const key of ['sum(list)', 'items[0].wei + `1`', "join('-', list)"])
    it(`is refused where it could be wrong: ${key}`, async () => {
      expect(await rejection(select(key))).to.be.instanceOf(KeyError);
    });
});

describe('an expression that orders', () => {
  const request = {
    numbers: [10, 9, 100, -1],
    texts: ['b', 'B', 'a', 'é', '😀', '\uffee'],
    infinite: [1, Number.NEGATIVE_INFINITY, 2n ** 70n, Number.POSITIVE_INFINITY],
    none: [],
    many: Array.from({ length: 200_000 }, (_, at) => at),
    zeros: [{ n: 0 }, { n: 0, second: true }],
  };
  const select = (key: string) => keyReader({ key })(request);

  for (const [key, value] of Object.entries({
    'sort(numbers)': [-1, 9, 10, 100],
    'sort(texts)': ['B', 'a', 'b', 'é', '\uffee', '😀'],
    'max(texts)': '😀',
    'min(texts)': 'B',
    'max_by(texts, &@)': '😀',
    'max(infinite)': Number.POSITIVE_INFINITY,
    'sort(infinite)[:3]': [Number.NEGATIVE_INFINITY, 1, 2n ** 70n],
    'max(many)': 199_999,
    'max_by(numbers, &@)': 100,
    'min_by(zeros, &n)': { n: 0 },
    'max(none) || `"none"`': 'none',
    'max_by(none, &@) || `"none"`': 'none',
    'sort_by(none, &@) || `"none"`': 'none',
  }))
    it(`selects the right value: ${key}`, async () => {
      expect(await select(key)).to.equal(await keyOfValue(value));
    });
});
