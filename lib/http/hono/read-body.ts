import type { HonoRequest } from 'hono';
import { ConfigurationError } from '../../errors.js';
import { formParts } from '../core/form-parts.js';
import type { RequestBody } from '../core/request-body.js';
import { readCopy } from '../fetch/request-facts.js';
import { giveBack } from './give-back.js';

const decoder = new TextDecoder();

/** Reads the body, so that the handler can still read it, by `c.req` and by `c.req.raw`. A validator may have read it already. */
export async function readBody(req: HonoRequest, limitBytes: number): Promise<RequestBody> {
  const { raw, bodyCache } = req;
  const [cached] = Object.keys(bodyCache);
  // Hono would make a form with a boundary of its own of it, another one each time.
  if (cached === 'formData') return formBody(await req.formData(), limitBytes);
  if (raw.bodyUsed && cached === undefined) {
    throw new ConfigurationError(
      'idempotency: the body was read from `c.req.raw` before the guard; read it by `c.req`, which keeps it, or let the guard come first',
    );
  }
  if (cached === undefined && !isShort(raw.headers, limitBytes)) return readCopy(raw, limitBytes);
  const buffer = await req.arrayBuffer();
  if (cached === undefined) {
    // Hono makes a `Response` of what it has for any other form that it is asked for. Most handlers ask for JSON, which is made of the text.
    bodyCache.text = Promise.resolve(decoder.decode(buffer)) as unknown as string;
    giveBack(raw, buffer);
  }
  return buffer.byteLength > limitBytes
    ? { kind: 'too-large' }
    : { kind: 'bytes', bytes: new Uint8Array(buffer) };
}

/** Whether a server has checked that the body is no longer than that. */
function isShort(headers: Headers, limitBytes: number): boolean {
  const length = headers.get('content-length');
  return length !== null && Number(length) <= limitBytes && !headers.has('transfer-encoding');
}

async function formBody(form: FormData, limitBytes: number): Promise<RequestBody> {
  const { fields, files } = await formParts(form);
  let length = 0;
  for (const text of Object.values(fields).flat()) length += Buffer.byteLength(text);
  for (const { bytes } of files) length += bytes.byteLength;
  return length > limitBytes ? { kind: 'too-large' } : { kind: 'parsed', value: fields, files };
}
