import 'retrysafe/jmespath';
import * as fc from 'fast-check';
import { ConfigurationError, makeIdempotent } from 'retrysafe';
import { marker } from './marker.js';
import { call, checkWords, timed, Violation } from './trial.js';

const valid = [
  'body.id',
  '[body.id, body.items[].id]',
  '{a: body.id, b: body.items[*].name}',
  'body.items[?id > `1`].name',
  'sort_by(body.items, &id)[0].name',
  'body.items[::-1]',
  'body.items[1:3:1]',
  "header('x-id')",
  'powertools_json(text).id',
  'json(base64(text))',
  'base64_gzip(text)',
  'join(`","`, body.items[].name)',
  'max_by(body.items, &id).name',
  'body.id || text',
  '!body.id && text',
  'let $a = body in $a.id',
  'to_string(body)',
  'group_by(body.items, &name)',
  'merge(body, body.items[0])',
  'zip(body.items, body.items)',
  'from_items(items(body))',
  "replace(text, 'a', text)",
  'retrysafe_part(body)',
  '"__proto__".constructor',
] as const;

const tokens =
  '[ ] { } ( ) . , : | || && ! & @ $ * + - / % == != < > ? ` " \' \\ \n 0 1 -1 99999999999999999999 a body id items text __proto__ constructor toString length( sort_by( map( to_number( json( header( `1` \'x\' "y" `[]` let in \ud800 é'.split(
    ' ',
  );

/** Text that is put together of parts of the language, or an expression with some of it changed. */
export const expression = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.nat(60), fc.nat(3), fc.constantFrom(...tokens)), { maxLength: 3 }),
    )
    .map(([whole, changes]) =>
      changes.reduce<string>(
        (text, [at, length, token]) => text.slice(0, at) + token + text.slice(at + length),
        whole,
      ),
    ),
);

const request = () => ({
  body: {
    id: 7,
    items: [
      { id: 2, name: marker },
      { id: 1, name: '__proto__' },
    ],
  },
  text: marker,
  headers: { 'X-Id': marker },
});

/** An expression is refused where it is written, or selects something, or the call is refused. */
export async function checkExpression(text: string): Promise<string> {
  const what = `the expression ${JSON.stringify(text.slice(0, 200))}`;
  const refused = new Set<string>();
  for (const options of [{ key: text }, { key: 'body', scope: text }, { key: 'body', fingerprint: text }]) {
    try {
      await timed(what, () => makeIdempotent(async () => {}, { name: 'Hostile.accept', ...options }));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw new Violation(`${what}: refused by no error of ours`);
      checkWords(what, error);
      refused.add('at definition');
      continue;
    }
    refused.add(await call(what, options, [request()]));
  }
  return [...refused].sort().join(' and ');
}

const many = (part: string, count: number) => part.repeat(count);
const within = (open: string, inner: string, close: string, levels: number) =>
  many(open, levels) + inner + many(close, levels);

/** Expressions that would take a parser or an interpreter to its end. */
export const catastrophes: Readonly<Record<string, string>> = {
  'a megabyte of letters': many('a', 1_000_000),
  'a megabyte of spaces': many(' ', 1_000_000),
  'a megabyte of brackets': within('[', '', ']', 500_000),
  'a literal in brackets of two thousand levels': `\`${within('[', '', ']', 2_000)}\``,
  'a literal of a megabyte': `\`"${many('a', 1_000_000)}"\``,
  ...Object.fromEntries(
    [1_000, 2_000].flatMap((levels) => [
      [`lists of ${levels} levels`, within('[', 'body', ']', levels)],
      [`parentheses of ${levels} levels`, within('(', 'body', ')', levels)],
    ]),
  ),
  'hashes of a thousand levels': within('{a:', 'body', '}', 1_000),
  'functions of four hundred levels': within('to_array(', 'body', ')', 400),
  'two thousand names': `body${many('.a', 2_000)}`,
  'thirteen hundred flattenings': `body${many('[]', 1_300)}`,
  'thirteen hundred stars': `body${many('.*', 1_300)}`,
  'a thousand filters': `body${many('[?a]', 1_000)}`,
  'a thousand alternatives': `body${many('||a', 1_000)}`,
  'a thousand negations': `${many('!', 1_000)}body`,
  'a thousand references': `${many('&', 1_000)}body`,
  'a slice without end': 'body.items[-99999999999999999999:99999999999999999999:1]',
  'a slice that does not move': 'body.items[::0]',
  'an index without end': 'body.items[99999999999999999999]',
  'sort_by of texts and objects': 'sort_by(body.items, &@)',
  'sort_by of a text': 'sort_by(text, &id)',
  'a function that is not there': 'eval(text)',
  'a text of gigabytes': "pad_left(text, `4000000000`, 'x')",
};
