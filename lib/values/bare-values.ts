import { NotKept } from './not-kept.js';
import { instanceNamed } from './part-path.js';

export function copyElements(from: readonly unknown[], to: unknown[]): void {
  // A list that is mostly holes would otherwise take the memory of all of them.
  if (from.length > 1_000) {
    to[4_294_967_294] = undefined;
    delete to[4_294_967_294];
  }
  to.length = from.length;
  for (const name of Object.keys(from)) {
    if (!isIndex(name)) break;
    to[Number(name)] = from[Number(name)];
  }
}

/** The content of a built-in's instance, as an instance of that built-in without any properties of its own. */
export function bareOf(value: object, kind: string): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  switch (kind) {
    case 'Array': {
      const list: unknown[] = [];
      copyElements(value as unknown[], list);
      return list;
    }
    // By their own methods: a subclass may have others.
    case 'Map':
      return new Map(Map.prototype.entries.call(value));
    case 'Set':
      return new Set(Set.prototype.values.call(value));
    case 'Date':
      return new Date(Date.prototype.getTime.call(value));
    case 'RegExp':
      return new RegExp(value as RegExp);
    case 'ArrayBuffer':
      return ArrayBuffer.prototype.slice.call(value as ArrayBuffer, 0);
    case 'URL':
      return new URL(URL.prototype.toString.call(value));
    case 'URLSearchParams':
      return new URLSearchParams(URLSearchParams.prototype.toString.call(value));
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'BigInt':
      return Object((globalThis[kind].prototype.valueOf as () => unknown).call(value));
  }
  if (!ArrayBuffer.isView(value)) throw new NotKept(`${instanceNamed(kind)} in it has properties of its own`);
  const Kind = globalThis[kind as 'Uint8Array'];
  return new Kind(
    value.buffer as ArrayBuffer,
    value.byteOffset,
    (value as Uint8Array).length ?? value.byteLength,
  );
}

/** Whether a name is that of an element. */
export function isIndex(name: string | symbol): boolean {
  return typeof name === 'string' && /^(?:0|[1-9]\d*)$/.test(name);
}
