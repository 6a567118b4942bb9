import { marker } from './marker.js';

/** What a payload or a result may be at its worst, made anew for each trial. */
export type MakeValue = () => unknown;

class PrivateFields {
  readonly #secret = marker;

  read(): string {
    return this.#secret;
  }
}

class ThrowingTag {
  get [Symbol.toStringTag](): string {
    throw new Error(marker);
  }
}

class EndlessMap extends Map<unknown, unknown> {
  override *[Symbol.iterator](): MapIterator<[unknown, unknown]> {
    for (;;) yield [marker, marker];
  }
}

const deepest = 100_000;
const tenMegabytes = 10_000_000;

function nested(wrap: (inner: unknown) => unknown, levels = deepest): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

function throwing(property: string): object {
  return Object.defineProperty({}, property, {
    enumerable: true,
    get() {
      throw new Error(marker);
    },
  });
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const oneProperty = {
  ownKeys: () => ['part'],
  getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
};

function endlessParts(): unknown {
  return new Proxy({}, { ...oneProperty, get: () => endlessParts() });
}

function endlessParents(): object {
  return new Proxy({}, { getPrototypeOf: () => endlessParents() });
}

function sentAway<T extends ArrayBuffer>(buffer: T): T {
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function viewOfSentAway<V extends { readonly buffer: unknown }>(view: V): V {
  sentAway(view.buffer as ArrayBuffer);
  return view;
}

function cyclic(): unknown {
  const list: unknown[] = [marker];
  list.push({ list });
  return list;
}

function doubling(levels: number): unknown {
  let value: unknown = marker;
  for (let level = 0; level < levels; level += 1) value = [value, value];
  return value;
}

function changing(): object {
  let reads = 0;
  return Object.defineProperty({}, 'part', {
    enumerable: true,
    get() {
      reads += 1;
      return reads;
    },
  });
}

/** Small ones, of which a fuzzer makes larger ones. */
export const smallValues: Readonly<Record<string, MakeValue>> = {
  undefined: () => undefined,
  null: () => null,
  'not a number': () => Number.NaN,
  'minus zero': () => -0,
  'a bigint': () => 2n ** 70n,
  'a symbol': () => Symbol(marker),
  'a function': () => () => marker,
  'a lone surrogate': () => '\ud800',
  'a Map': () => new Map([[marker, { marker }]]),
  'a Map whose iterator does not end': () => new EndlessMap([[1, 2]]),
  'a Set': () => new Set([marker, 1n]),
  'an invalid Date': () => new Date(Number.NaN),
  'a Date that cannot be written': () =>
    Object.defineProperty(new Date(0), 'toISOString', {
      value: () => {
        throw new Error(marker);
      },
    }),
  'a RegExp whose source throws': () =>
    Object.defineProperty(/a/, 'source', {
      get() {
        throw new Error(marker);
      },
    }),
  'an error whose message throws': () =>
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error(marker);
      },
    }),
  'private fields': () => new PrivateFields(),
  'a toStringTag that throws': () => new ThrowingTag(),
  'a getter that throws': () => throwing('part'),
  'a getter that throws nothing': () =>
    Object.defineProperty({}, 'part', {
      enumerable: true,
      get() {
        throw undefined;
      },
    }),
  'a getter that changes': changing,
  'a then that throws': () => throwing('then'),
  'a constructor that throws': () => throwing('constructor'),
  'a toJSON that throws': () => throwing('toJSON'),
  'an own then, constructor and toJSON': () =>
    JSON.parse(`{"then":"${marker}","constructor":null,"toJSON":5}`),
  'an own __proto__': () => JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":1}}`),
  'a cycle': cyclic,
  'a proxy that was revoked': () => revoked({}),
  'a list that was revoked': () => revoked([]),
  'a proxy that throws': () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error(marker);
        },
      },
    ),
  'a parent that is endless': () => endlessParents(),
  'a list that is all holes': () => new Array(4_294_967_295),
  'a list of which only the last is there': () => Object.assign([], { 4000000000: marker }),
  'a buffer that was sent away': () => sentAway(new ArrayBuffer(8)),
  'bytes that were sent away': () => viewOfSentAway(new Uint8Array(8)),
  'a view that was sent away': () => viewOfSentAway(new DataView(new ArrayBuffer(8))),
  'a boxed text': () => Object(marker),
  'a promise': () => Promise.resolve(marker),
  'a WeakMap': () => new WeakMap(),
  'a list with a function on it': () => Object.assign([marker], { next: () => marker }),
  'a list with data on it': () => Object.assign([marker], { [marker]: { marker }, index: 1 }),
  'a list that is a property of itself': () => {
    const list: unknown[] & { self?: unknown } = [marker];
    list.self = { list };
    return list;
  },
  'a Map with a hidden function on it': () =>
    Object.defineProperty(new Map([[marker, 1]]), marker, { value: () => marker }),
  'a Set with a getter that throws': () => Object.assign(Object.create(throwing('a')), new Set([marker])),
  'bytes with a symbol on them': () => Object.assign(new Uint8Array(2), { [Symbol(marker)]: marker }),
  'a RegExp that goes on': () => Object.assign(/a/g, { lastIndex: 3 }),
  'a RegExp that goes on at no number': () => Object.assign(/a/g, { lastIndex: { marker } }),
  'a Date with an own __proto__': () =>
    Object.defineProperty(new Date(0), '__proto__', { enumerable: true, value: { polluted: true } }),
  'something that calls itself Map': () => ({
    __proto__: { [Symbol.toStringTag]: 'Map', entries: () => marker },
    marker,
  }),
  'a Map by its prototype alone': () => Object.create(Map.prototype),
  'an error by its prototype alone': () => Object.create(Error.prototype),
  'an own constructor that throws nothing': () => Object.assign(new PrivateFields(), { constructor: marker }),
  'a Response': () => new Response(marker),
  Headers: () => new Headers({ via: marker }),
  'a DOMException': () => Object.assign(new DOMException(marker, 'AbortError'), { step: marker }),
  'an error with hidden parts': () =>
    Object.defineProperties(new Error(marker), {
      issues: { value: [marker] },
      format: { value: () => marker },
      self: {
        get() {
          return this;
        },
      },
    }),
  'an error with an own __proto__': () =>
    Object.assign(new Error(marker), JSON.parse('{"__proto__":{"polluted":1}}')),
};

/** Large ones, each tried by itself. */
export const largeValues: Readonly<Record<string, MakeValue>> = {
  'objects in objects': () => nested((inner) => ({ inner })),
  'lists in lists': () => nested((inner) => [inner]),
  'Maps in Maps': () => nested((inner) => new Map([[inner, 1]])),
  'Sets in Sets': () => nested((inner) => new Set([inner])),
  'errors in errors': () => nested((cause) => new Error(marker, { cause }), 20_000),
  'a parent of a parent': () => nested((inner) => Object.create(inner === 1 ? null : (inner as object))),
  'one object in two to the power of forty places': () => doubling(40),
  'parts that never end': endlessParts,
  'a text of ten megabytes': () => marker.repeat(tenMegabytes / marker.length),
  'a name of ten megabytes': () => ({ [marker.repeat(tenMegabytes / marker.length)]: 1 }),
  'a million numbers': () => Array.from({ length: 1_000_000 }, (_, index) => index),
  'two hundred thousand properties': () =>
    Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`${marker}${index}`, index])),
  'ten megabytes of bytes': () => new Uint8Array(tenMegabytes),
  'ten megabytes of signed bytes': () => new Int8Array(tenMegabytes),
  'a bigint of a hundred thousand digits': () => 10n ** 100_000n,
};
