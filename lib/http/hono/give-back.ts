/** A body that was given back: its bytes, and a request that has them, once something asks for that. */
interface Body {
  readonly bytes: ArrayBuffer;
  request?: Request;
}

const bodies = new WeakMap<Request, Body>();

const properties: PropertyDescriptorMap = {
  body: { configurable: true, get: bodyOf },
  bodyUsed: { configurable: true, get: isBodyUsed },
  bytes: { configurable: true, value: bytesOf },
};
for (const name of ['arrayBuffer', 'blob', 'clone', 'formData', 'json', 'text'] as const) {
  properties[name] = {
    configurable: true,
    value(this: Request) {
      return requestOf(this)[name]();
    },
  };
}

/**
 * Lets a request whose body has been read be read once more. To copy it before that would be several times as much work. As after any parser of
 * Hono, no `new Request(raw)` can be made of it: `cloneRawRequest` of Hono makes one.
 */
export function giveBack(raw: Request, bytes: ArrayBuffer): void {
  bodies.set(raw, { bytes });
  Object.defineProperties(raw, properties);
}

function requestOf(raw: Request): Request {
  const body = bodies.get(raw) as Body;
  const { method, url, headers } = raw;
  body.request ??= new Request(url, { method, headers, body: body.bytes });
  return body.request;
}

function bodyOf(this: Request): Request['body'] {
  return requestOf(this).body;
}

function isBodyUsed(this: Request): boolean {
  return bodies.get(this)?.request?.bodyUsed ?? false;
}

/** Node.js 20 has no such method. */
async function bytesOf(this: Request): Promise<Uint8Array> {
  return new Uint8Array(await requestOf(this).arrayBuffer());
}
