import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { Attributes, Card, LineItems, Money, Price } from './classes.js';
import type { Shuffle } from './random.js';

/** How a payload is built: a tree of plain data, so that a nearly equal one can be made from it. */
export interface Recipe {
  readonly kind: keyof typeof builders;
  /** The content of a leaf. */
  readonly content?: unknown;
  /** Names of properties, or positions in a list with holes. */
  readonly names?: readonly string[];
  readonly parts?: readonly Recipe[];
}

type Build = (recipe: Recipe, shuffle: Shuffle) => unknown;

const partsOf = ({ parts = [] }: Recipe, shuffle: Shuffle) => parts.map((part) => build(part, shuffle));

const entriesOf = ({ names = [], parts = [] }: Recipe, shuffle: Shuffle) =>
  shuffle(names.map((name, index) => [name, build(parts[index] ?? nothing, shuffle)] as const));

// Defined and not assigned, since `__proto__` is to be a property like any other.
function withProperties<T extends object>(target: T, recipe: Recipe, shuffle: Shuffle): T {
  for (const [name, value] of entriesOf(recipe, shuffle))
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  return target;
}

function pairsOf(recipe: Recipe, shuffle: Shuffle): (readonly [unknown, unknown])[] {
  const parts = partsOf(recipe, shuffle);
  const pairs = parts.slice(0, parts.length / 2).map((key, index) => [key, parts.at(-1 - index)] as const);
  // Of two equal keys the last counts, whatever the order afterwards.
  return [...shuffle([...new Map(pairs)])];
}

const bytes = ({ content }: Recipe) => Uint8Array.from(content as number[]);
const first = (recipe: Recipe, shuffle: Shuffle) => partsOf(recipe, shuffle)[0];
const fieldsOf = (recipe: Recipe, shuffle: Shuffle) => {
  const [one, other] = partsOf(recipe, shuffle);
  return [one, other] as const;
};

const builders = {
  leaf: ({ content }) => content,
  object: (recipe, shuffle) => withProperties({}, recipe, shuffle),
  bare: (recipe, shuffle) => withProperties(Object.create(null), recipe, shuffle),
  list: partsOf,
  lines: (recipe, shuffle) => LineItems.from(partsOf(recipe, shuffle)),
  // Every other place is a hole.
  sparse: (recipe, shuffle) =>
    partsOf(recipe, shuffle).reduce<unknown[]>((list, part, index) => {
      list[index * 2 + 1] = part;
      return list;
    }, []),
  labelled: (recipe, shuffle) => withProperties([1, 2], recipe, shuffle),
  sparseLabelled: (recipe, shuffle) =>
    withProperties(new Array<unknown>((recipe.names ?? []).length), recipe, shuffle),
  map: (recipe, shuffle) => new Map(pairsOf(recipe, shuffle)),
  attributes: (recipe, shuffle) => new Attributes(pairsOf(recipe, shuffle)),
  set: (recipe, shuffle) => new Set(shuffle(partsOf(recipe, shuffle))),
  money: (recipe, shuffle) => new Money(...fieldsOf(recipe, shuffle)),
  price: (recipe, shuffle) => new Price(...fieldsOf(recipe, shuffle)),
  card: (recipe, shuffle) => new Card(...fieldsOf(recipe, shuffle)),
  error: (recipe, shuffle) => new Error(String(recipe.content), { cause: first(recipe, shuffle) }),
  typeError: (recipe, shuffle) => new TypeError(String(recipe.content), { cause: first(recipe, shuffle) }),
  labelledError: (recipe, shuffle) => withProperties(new Error('declined'), recipe, shuffle),
  date: ({ content }) => new Date(content as number),
  pattern: ({ content }) =>
    new RegExp(String(content).toLowerCase(), String(content).length % 2 ? 'g' : 'gi'),
  url: ({ content }) => new URL(`https://example.com/${String(content)}`),
  buffer: (recipe) => Buffer.from(bytes(recipe)),
  uint8Array: bytes,
  int8Array: (recipe) => new Int8Array(bytes(recipe)),
  uint16Array: (recipe) => new Uint16Array(bytes(recipe)),
  float64Array: (recipe) => new Float64Array([...bytes(recipe), Number.NaN, -0]),
  bigInt64Array: (recipe) => new BigInt64Array([...bytes(recipe)].map(BigInt)),
  // A view into a larger buffer counts as the bytes that it shows.
  window: (recipe) =>
    new Uint8Array(Uint8Array.of(9, 9, ...bytes(recipe), 9).buffer, 2, bytes(recipe).length),
  dataView: (recipe) => new DataView(bytes(recipe).buffer),
  arrayBuffer: (recipe) => bytes(recipe).buffer,
  labelledBytes: (recipe, shuffle) => withProperties(Uint8Array.of(1), recipe, shuffle),
} satisfies Record<string, Build>;

const nothing: Recipe = { kind: 'leaf', content: undefined };

/** Builds the payload of a recipe. */
export function build(recipe: Recipe, shuffle: Shuffle = (things) => things): unknown {
  return (builders[recipe.kind] as Build)(recipe, shuffle);
}

const names = [
  'id',
  'Id',
  'ID',
  'amount',
  '__proto__',
  'constructor',
  'toJSON',
  '$',
  '$$',
  '$x',
  '$id',
  '',
  '0',
  '1',
  'length',
  'é',
  '\ud800',
];
const leaves = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  0n,
  1n,
  -1n,
  2n ** 53n + 1n,
  '',
  '0',
  '1',
  'a',
  'A',
  'é',
  'e\u0301',
  '\ud800',
  '\\ud800',
  'null',
  'undefined',
  'NaN',
  '[]',
  '{}',
];

const leaf = fc.constantFrom(...leaves).map((content): Recipe => ({ kind: 'leaf', content }));
const word = fc.constantFrom('a', 'A', 'ab', 'b');
const ofBytes = fc.record({
  kind: fc.constantFrom(
    'buffer',
    'uint8Array',
    'int8Array',
    'uint16Array',
    'float64Array',
    'bigInt64Array',
    'window',
    'dataView',
    'arrayBuffer',
  ),
  content: fc.array(fc.constantFrom(0, 1, 127), { maxLength: 3 }),
});
const scalar = fc.oneof(
  fc.record({ kind: fc.constant('date'), content: fc.constantFrom(0, 1, 1_000, 8.64e15) }),
  fc.record({ kind: fc.constantFrom('pattern', 'url'), content: word }),
);

/** Recipes of payloads from a domain so small that some are equal by chance. */
export const recipe: fc.Arbitrary<Recipe> = fc.letrec<{ any: Recipe }>((tie) => {
  const named = (kinds: readonly Recipe['kind'][]) =>
    fc
      .record({
        kind: fc.constantFrom(...kinds),
        entries: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), tie('any')), {
          maxLength: 4,
          selector: ([name]) => name,
        }),
      })
      .map(({ kind, entries }) => ({
        kind,
        names: entries.map(([name]) => name),
        parts: entries.map(([, part]) => part),
      }));
  // On a list or on bytes, only a name that means nothing to the language is a property like any other.
  const labels = fc.constantFrom('id', 'Id', '$', '$x', 'toJSON', '0', '1');
  const labelled = (kinds: readonly Recipe['kind'][], label: fc.Arbitrary<string>) =>
    fc.record({ kind: fc.constantFrom(...kinds), names: fc.tuple(label), parts: fc.tuple(tie('any')) });
  const many = (kinds: readonly Recipe['kind'][], maxLength: number) =>
    fc.record({ kind: fc.constantFrom(...kinds), parts: fc.array(tie('any'), { maxLength }) });
  return {
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      { weight: 3, arbitrary: named(['object', 'object', 'bare']) },
      { weight: 3, arbitrary: many(['list', 'lines', 'sparse', 'map', 'attributes', 'set'], 4) },
      labelled(['labelled', 'sparseLabelled'], labels),
      labelled(['labelledBytes', 'labelledError'], fc.constantFrom('id', 'Id', '$', 'toJSON')),
      fc.record({ kind: fc.constantFrom('money', 'price', 'card'), parts: fc.tuple(tie('any'), tie('any')) }),
      fc.record({ kind: fc.constantFrom('error', 'typeError'), content: word, parts: fc.tuple(tie('any')) }),
      ofBytes as fc.Arbitrary<Recipe>,
      scalar as fc.Arbitrary<Recipe>,
    ) as fc.Arbitrary<Recipe>,
  };
}).any;

// Each kind is next to those with a similar text form, which a careless encoding would confuse.
const relatives: readonly (readonly Recipe['kind'][])[] = [
  ['object', 'bare'],
  ['list', 'lines', 'sparse', 'set'],
  ['map', 'attributes'],
  ['money', 'price', 'card'],
  ['error', 'typeError'],
  ['labelled', 'sparseLabelled', 'object'],
  ['buffer', 'uint8Array', 'int8Array', 'uint16Array', 'window', 'dataView', 'arrayBuffer'],
  ['pattern', 'url'],
];

/** A recipe that differs from another in one place, chosen by `place` and `choice`; its payload may still be equal. */
export function mutated(whole: Recipe, place: number, choice: number): Recipe {
  const size = sizeOf(whole);
  let left = place % size;
  const visit = (one: Recipe): Recipe => {
    if (left-- === 0) return changed(one, choice);
    const { parts } = one;
    return parts ? { ...one, parts: parts.map((part) => (left < 0 ? part : visit(part))) } : one;
  };
  return visit(whole);
}

function sizeOf({ parts = [] }: Recipe): number {
  return parts.reduce((size, part) => size + sizeOf(part), 1);
}

function changed(one: Recipe, choice: number): Recipe {
  const ways: Recipe[] = [{ kind: 'leaf', content: leaves[choice % leaves.length] }];
  const relation = relatives.find((kinds) => kinds.includes(one.kind));
  const kind = relation?.[choice % relation.length];
  if (kind) ways.push({ ...one, kind });
  if (Array.isArray(one.content)) ways.push({ ...one, content: [...one.content, choice % 2] });
  const { names: given = [], parts = [] } = one;
  if (one.kind === 'object' || one.kind === 'bare') {
    const name = names[choice % names.length] ?? '';
    if (!given.includes(name)) {
      ways.push({ ...one, names: [...given, name], parts: [...parts, nothing] });
      if (given.length > 0) ways.push({ ...one, names: [name, ...given.slice(1)] });
    }
    ways.push({ ...one, names: given.slice(1), parts: parts.slice(1) });
  } else if (parts.length > 1 && given.length === 0) {
    ways.push({ ...one, parts: [...parts].reverse() }, { ...one, parts: parts.slice(0, -1) });
  }
  return ways[Math.floor(choice / 7) % ways.length] ?? one;
}

/**
 * Whether two payloads are the same request: `util.isDeepStrictEqual`, which leaves the order of properties, of
 * Map entries and of Set members apart, and tells apart holes from `undefined`, -0 from 0, one class from another.
 * It is corrected in four points. An object without a prototype counts as a plain one: parsers make either. A property
 * that is `undefined` is an absent one, as it is on any wire. And
 * Node.js 20 finds all URLs equal, so a URL is compared by its text. Node.js 22 cannot compare some Maps with the key
 * `undefined` or `null` at all, so these are compared as objects of a class of their own.
 */
export function sameRequest(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(comparable(one), comparable(other));
}

class UrlText {
  constructor(readonly text: string) {}
}

class EmptyKey {
  constructor(readonly text: string) {}
}

function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof URL) return new UrlText(value.href);
  if (value instanceof Map) {
    const pairs = [...value].map(
      ([key, part]) => [key == null ? new EmptyKey(`${key}`) : comparable(key), comparable(part)] as const,
    );
    return fill(value instanceof Attributes ? new Attributes(pairs) : new Map(pairs), value);
  }
  if (value instanceof Set) return new Set([...value].map(comparable));
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) return fill(value.slice(), value);
  if (ArrayBuffer.isView(value)) return value;
  if (value instanceof Error) {
    const Native = value instanceof TypeError ? TypeError : Error;
    return fill(new Native(value.message, { cause: comparable(value.cause) }), value);
  }
  if (Array.isArray(value)) {
    const list: unknown[] = value instanceof LineItems ? new LineItems() : [];
    list.length = value.length;
    return fill(list, value);
  }
  const prototype: object | null = Object.getPrototypeOf(value);
  if (value instanceof Date || value instanceof RegExp || value instanceof ArrayBuffer) return value;
  return fill(Object.create(prototype ?? Object.prototype), value);
}

function fill<T extends object>(target: T, source: object): T {
  const isElement = (name: string) => Array.isArray(source) && /^\d+$/.test(name);
  for (const [name, part] of Object.entries(source).filter(
    ([name, part]) => part !== undefined || isElement(name),
  ))
    Object.defineProperty(target, name, {
      value: comparable(part),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return target;
}
