import { isUtf8 } from 'node:buffer';
import { sha256 } from '../../key/digest.js';
import { parseExactly } from '../../values/json/exact-json.js';
import { formParts } from './form-parts.js';
import type { RequestBody, UploadedFile } from './request-body.js';

/** Returns a content type without its parameters, in small letters. A form's boundary changes with every retry. */
export function essenceOf(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Returns what of a body is compared: the value of JSON, so that white space and the order of members do not count; the fields of a form,
 * and digests of its files; else a digest of the bytes. A promise only where a form has to be read.
 */
export function bodyIdentity(
  body: Exclude<RequestBody, { readonly kind: 'too-large' }>,
  contentType: string | undefined,
): unknown {
  if (body.kind === 'none') return null;
  const essence = essenceOf(contentType);
  if (body.kind === 'parsed') return parsedIdentity(body, essence);
  const { bytes } = body;
  if (bytes.byteLength === 0) return null;
  if (isJson(essence)) return jsonIdentity(bytes) ?? bytesIdentity(bytes);
  if (essence === 'multipart/form-data')
    return formIdentity(bytes, contentType as string).then((form) => form ?? bytesIdentity(bytes));
  return bytesIdentity(bytes);
}

export function bytesIdentity(bytes: Uint8Array): { readonly digest: string } {
  return { digest: sha256(bytes, 'base64url') };
}

function isJson(essence: string): boolean {
  return essence === 'application/json' || essence.endsWith('+json');
}

function jsonIdentity(bytes: Uint8Array): { readonly json: unknown } | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    return { json: parseExactly(Buffer.from(bytes).toString('utf8')) };
  } catch {
    // The handler says what is wrong with it.
    return undefined;
  }
}

function parsedIdentity(
  { value, files }: Extract<RequestBody, { kind: 'parsed' }>,
  essence: string,
): unknown {
  if (value === undefined && files === undefined) return null;
  if (value instanceof Uint8Array) return value.byteLength === 0 ? null : bytesIdentity(value);
  if (essence === 'multipart/form-data' || files !== undefined)
    return { fields: value ?? {}, files: (files ?? []).map(fileIdentity) };
  if (isJson(essence)) return { json: value };
  return typeof value === 'string' ? bytesIdentity(Buffer.from(value, 'utf8')) : { fields: value };
}

/** Reads a form with the parser that fetch has. Returns nothing where it is no form. */
async function formIdentity(bytes: Uint8Array, contentType: string): Promise<unknown> {
  let form: FormData;
  try {
    const headers = { 'content-type': contentType };
    form = await new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData();
  } catch {
    return undefined;
  }
  const { fields, files } = await formParts(form);
  return { fields, files: files.map(fileIdentity) };
}

function fileIdentity(file: UploadedFile): readonly unknown[] {
  const digest = 'digest' in file ? file.digest : sha256(file.bytes, 'base64url');
  return [file.field, file.name, essenceOf(file.type), digest];
}
