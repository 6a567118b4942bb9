import { Overlay } from '../core/overlay.js';

const BODY = Symbol('body');

/** A body that was given back. */
interface Body {
  readonly bytes: ArrayBuffer;
  isUsed: boolean;
  /** A request that has the bytes, once something asks for more than these. */
  request?: Request;
}

type GivenBack = Request & { [BODY]: Body };

const decoder = new TextDecoder();

const overlay = new Overlay({
  bodyUsed: {
    configurable: true,
    get(this: GivenBack) {
      const { isUsed, request } = this[BODY];
      return isUsed || (request?.bodyUsed ?? false);
    },
  },
  body: {
    configurable: true,
    get(this: GivenBack) {
      return this[BODY].isUsed ? brokenBody() : requestOf(this).body;
    },
  },
  clone: method((raw) => requestOf(raw).clone()),
  arrayBuffer: method(bytesOf),
  // Node.js 20 has no such method.
  bytes: method(async (raw) => new Uint8Array(await bytesOf(raw))),
  text: method(textOf),
  json: method(async (raw) => JSON.parse(await textOf(raw))),
  blob: method(async (raw) => requestOf(raw).blob()),
  formData: method(async (raw) => requestOf(raw).formData()),
});

/**
 * Lets a request whose body has been read be read once more. To copy it before that would be several times as much work. As after any parser of
 * Hono, no `new Request(raw)` can be made of it.
 */
export function giveBack(raw: Request, bytes: ArrayBuffer): void {
  (raw as GivenBack)[BODY] = { bytes, isUsed: false };
  overlay.lay(raw);
}

function method(work: (raw: GivenBack) => unknown): PropertyDescriptor {
  return {
    configurable: true,
    writable: true,
    value(this: GivenBack) {
      return work(this);
    },
  };
}

async function textOf(raw: GivenBack): Promise<string> {
  return decoder.decode(await bytesOf(raw));
}

async function bytesOf(raw: GivenBack): Promise<ArrayBuffer> {
  const body = raw[BODY];
  if (body.isUsed || body.request) return requestOf(raw).arrayBuffer();
  body.isUsed = true;
  return body.bytes;
}

/** Returns a request with the same body, as far as nothing has read that. */
function requestOf(raw: GivenBack): Request {
  const { method, url, headers, [BODY]: body } = raw;
  if (body.isUsed) throw unusable();
  body.request ??= new Request(url, { method, headers, body: body.bytes });
  return body.request;
}

/** A body that has been read is there, and cannot be read again. */
function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.error(unusable()) });
}

function unusable(): TypeError {
  return new TypeError('Body is unusable: Body has already been read');
}
