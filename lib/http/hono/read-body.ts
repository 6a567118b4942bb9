import type { HonoRequest } from 'hono';
import { ConfigurationError } from '../../errors.js';
import { formParts } from '../core/form-parts.js';
import type { RequestBody } from '../core/request-body.js';
import { readCopy } from '../fetch/request-facts.js';
import { giveBack } from './give-back.js';

/** Reads the body, so that the handler can still read it, by `c.req` and by `c.req.raw`. A validator may have read it already. */
export async function readBody(req: HonoRequest, limitBytes: number): Promise<RequestBody> {
  const { raw } = req;
  const cached = await readCache(req.bodyCache, limitBytes);
  if (cached) return cached;
  if (raw.bodyUsed) {
    throw new ConfigurationError(
      'idempotency: the body was read from `c.req.raw` before the guard; read it by `c.req`, which keeps it, or let the guard come first',
    );
  }
  if (!isShort(raw.headers, limitBytes)) return readCopy(raw, limitBytes);
  const buffer = await raw.arrayBuffer();
  giveBack(raw, buffer);
  return within(limitBytes, new Uint8Array(buffer));
}

/** Whether a server has checked that the body is no longer than that. */
function isShort(headers: Headers, limitBytes: number): boolean {
  const length = headers.get('content-length');
  return length !== null && Number(length) <= limitBytes && !headers.has('transfer-encoding');
}

/** Takes what Hono keeps of a body that something has read by `c.req`. Not by `c.req`: some versions lose what it is, on the way to bytes. */
async function readCache(
  cache: HonoRequest['bodyCache'],
  limitBytes: number,
): Promise<RequestBody | undefined> {
  const { arrayBuffer, text, blob, json, formData } = cache;
  if (arrayBuffer !== undefined) return within(limitBytes, new Uint8Array(await arrayBuffer));
  if (text !== undefined) return within(limitBytes, Buffer.from(await text));
  if (blob !== undefined) return within(limitBytes, new Uint8Array(await (await blob).arrayBuffer()));
  if (json !== undefined) return within(limitBytes, Buffer.from(JSON.stringify(await json)));
  // As bytes it would have a boundary of its own, another one each time.
  return formData === undefined ? undefined : formBody(await formData, limitBytes);
}

function within(limitBytes: number, bytes: Uint8Array): RequestBody {
  return bytes.byteLength > limitBytes ? { kind: 'too-large' } : { kind: 'bytes', bytes };
}

async function formBody(form: FormData, limitBytes: number): Promise<RequestBody> {
  const { fields, files } = await formParts(form);
  let length = 0;
  for (const text of Object.values(fields).flat()) length += Buffer.byteLength(text);
  for (const { bytes } of files) length += bytes.byteLength;
  return length > limitBytes ? { kind: 'too-large' } : { kind: 'parsed', value: fields, files };
}
