import { entriesOf, isIndex, membersOf } from './built-in-kinds.js';
import { instanceNamed } from './part-path.js';
import { UnstorableError } from './unstorable-error.js';

/** From this length on, a list is made sparse first. */
const LONG_LIST = 1_000;
const LARGEST_INDEX = 4_294_967_294;

export function copyElements(from: readonly unknown[], to: unknown[]): void {
  // An element at the largest index makes the list sparse. Otherwise a list of mostly holes would take memory for each hole.
  if (from.length > LONG_LIST) {
    to[LARGEST_INDEX] = undefined;
    delete to[LARGEST_INDEX];
  }
  to.length = from.length;
  for (const name of Object.keys(from)) {
    if (!isIndex(name)) break;
    to[Number(name)] = from[Number(name)];
  }
}

/** Returns the content of a built-in's instance, as an instance of that built-in without properties of its own. */
export function bareOf(value: object, kind: string): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  switch (kind) {
    case 'Array': {
      const list: unknown[] = [];
      copyElements(value as unknown[], list);
      return list;
    }
    // The built-ins' own methods read the content: a subclass may have others.
    case 'Map':
      return new Map(entriesOf(value));
    case 'Set':
      return new Set(membersOf(value));
    case 'URL':
    case 'URLSearchParams':
      return new globalThis[kind](globalThis[kind].prototype.toString.call(value));
  }
  if (kind.startsWith('Temporal.'))
    throw new UnstorableError(`${instanceNamed(kind)} in it has properties of its own`);
  if (!ArrayBuffer.isView(value)) return structuredClone(value);
  const View = globalThis[kind as 'Uint8Array'];
  const length = (value as Uint8Array).length ?? value.byteLength;
  return new View(value.buffer as ArrayBuffer, value.byteOffset, length);
}
