/** The body of a request as it is sent. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly contentType: string;
}

/** Makes a body of bytes, of text, or of any other value, which becomes JSON. */
export function bodyOf(value: unknown, contentType?: string): RequestBody {
  if (value instanceof Uint8Array)
    return { bytes: Buffer.from(value), contentType: contentType ?? 'application/octet-stream' };
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { bytes: Buffer.from(text), contentType: contentType ?? 'application/json' };
}

/** Returns a body that means something else and has the same form: with one value changed, or a byte more. */
export function changedBody(body: RequestBody): RequestBody {
  const value = jsonOf(body);
  if (value === undefined) return { ...body, bytes: Buffer.concat([body.bytes, Buffer.from('2')]) };
  return { ...body, bytes: Buffer.from(JSON.stringify(changed(value))) };
}

/** Returns the same JSON with other white space and its members in another order. `undefined` where that is no other text. */
export function respelledBody(body: RequestBody): RequestBody | undefined {
  const value = jsonOf(body);
  if (!isObject(value)) return undefined;
  return { ...body, bytes: Buffer.from(JSON.stringify(reordered(value), null, 3)) };
}

/** Returns the JSON with a member more, so that it has this many bytes. `undefined` where it is no object or has more already. */
export function paddedBody(body: RequestBody, lengthBytes: number, last = 'y'): RequestBody | undefined {
  const value = jsonOf(body);
  if (!isObject(value)) return undefined;
  const withPadding = (padding: string) => Buffer.from(JSON.stringify({ ...value, padding }));
  const missing = lengthBytes - withPadding('').length;
  if (missing < 1) return undefined;
  return { ...body, bytes: withPadding(`${'x'.repeat(missing - 1)}${last}`) };
}

/** Every byte there is. As text it is not UTF-8. `last` is a byte that is none in UTF-8 either, so that text does not tell. */
export function everyByte(last: 0xfe | 0xff): RequestBody {
  const bytes = Buffer.from([...Array(256).keys(), last]);
  return { bytes, contentType: 'application/octet-stream' };
}

function jsonOf({ bytes, contentType }: RequestBody): unknown {
  if (!/[/+]json\b/i.test(contentType)) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number by one, otherwise a text by a character, otherwise a member more. */
function changed(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}2`;
  if (Array.isArray(value)) return [...value, 2];
  if (!isObject(value)) return [value];
  const members = Object.entries(value);
  const found = members.find(([, one]) => typeof one === 'number') ??
    members.find(([, one]) => typeof one === 'string') ?? ['another', 1];
  return { ...value, [found[0]]: changed(found[1]) };
}

function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, one]) => [name, reordered(one)]),
  );
}
