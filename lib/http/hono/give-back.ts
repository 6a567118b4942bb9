import { Overlay } from '../fetch/overlay.js';

const BODY = Symbol('body');

/** A body that was given back: its bytes, and a request that has them, once something asks for that. */
interface Body {
  readonly bytes: ArrayBuffer;
  request?: Request;
}

type GivenBack = Request & { [BODY]: Body };

const properties: PropertyDescriptorMap = {
  body: { configurable: true, get: bodyOf },
  bodyUsed: { configurable: true, get: isBodyUsed },
  bytes: { configurable: true, value: bytesOf },
};
for (const name of ['arrayBuffer', 'blob', 'clone', 'formData', 'json', 'text'] as const) {
  properties[name] = {
    configurable: true,
    value(this: GivenBack) {
      return requestOf(this)[name]();
    },
  };
}
const overlay = new Overlay(properties);

/**
 * Lets a request whose body has been read be read once more. To copy it before that would be several times as much work. As after any parser of
 * Hono, no `new Request(raw)` can be made of it: `cloneRawRequest` of Hono makes one.
 */
export function giveBack(raw: Request, bytes: ArrayBuffer): void {
  (raw as GivenBack)[BODY] = { bytes };
  overlay.lay(raw);
}

function requestOf(raw: GivenBack): Request {
  const { method, url, headers, [BODY]: body } = raw;
  body.request ??= new Request(url, { method, headers, body: body.bytes });
  return body.request;
}

function bodyOf(this: GivenBack): Request['body'] {
  return requestOf(this).body;
}

function isBodyUsed(this: GivenBack): boolean {
  return this[BODY].request?.bodyUsed ?? false;
}

/** Node.js 20 has no such method. */
async function bytesOf(this: GivenBack): Promise<Uint8Array> {
  return new Uint8Array(await requestOf(this).arrayBuffer());
}
