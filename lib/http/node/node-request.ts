import type { IncomingMessage } from 'node:http';
import { ConfigurationError } from '../../errors.js';
import type { GuardedRequest } from '../core/guarded-request.js';
import type { RequestBody } from '../core/request-body.js';
import { hasBody, isBegun, readBytes } from './request-bytes.js';
import { uploadedFiles } from './uploaded-files.js';

/** What a framework knows of a request. */
export interface NodeRequestFacts {
  /** The pattern that it matched, such as `/payments/:id`. Default: none. */
  readonly route?: string | undefined;
  /** What was asked for, before a framework cut it. Default: `req.url`. */
  readonly url?: string;
  /** Returns what a parser made of the body. It is asked where something has read the request already. Default: nothing. */
  readonly parsed?: () => ParsedBody;
}

/** What parsers have put on a request. */
export interface ParsedBody {
  readonly body?: unknown;
  /** The bytes, where a parser has kept them besides. They are compared in place of what it made. */
  readonly rawBody?: unknown;
  /** One uploaded file, as multer has it. */
  readonly file?: unknown;
  /** Uploaded files, as multer and express-fileupload have them: a list, or an object with those of each field. */
  readonly files?: unknown;
}

/** Returns what the guard asks of a request of Node's. A body that nobody has read can still be read after the guard. */
export function nodeRequest(
  req: IncomingMessage,
  { route, url = req.url ?? '', parsed = () => ({}) }: NodeRequestFacts = {},
): GuardedRequest {
  const at = url.indexOf('?');
  return {
    method: req.method ?? '',
    route,
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    header: (name) => linesOf(req, name),
    body: (limitBytes) => bodyOf(req, parsed, limitBytes),
  };
}

/** Node.js joins the lines of most headers with a comma. */
function linesOf(req: IncomingMessage, name: string): readonly string[] {
  const joined = req.headers[name];
  if (joined === undefined) return [];
  if (typeof joined === 'string' && !joined.includes(',')) return [joined];
  return req.headersDistinct[name] ?? [];
}

function bodyOf(
  req: IncomingMessage,
  parsed: () => ParsedBody,
  limitBytes: number,
): RequestBody | Promise<RequestBody> {
  if (!hasBody(req)) return { kind: 'none' };
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) return { kind: 'too-large' };
  return isBegun(req) ? parsedBody(parsed(), limitBytes) : readBytes(req, limitBytes);
}

function parsedBody(
  { body: value, rawBody, file, files }: ParsedBody,
  limitBytes: number,
): RequestBody | Promise<RequestBody> {
  if (rawBody instanceof Uint8Array)
    return rawBody.byteLength > limitBytes ? { kind: 'too-large' } : { kind: 'bytes', bytes: rawBody };
  if (file || files) return uploadedFiles(file, files).then((all) => ({ kind: 'parsed', value, files: all }));
  if (value !== undefined) return { kind: 'parsed', value };
  throw new ConfigurationError(
    'idempotency: the body of a request was read before the guard and is nowhere, so two requests could not be told apart; put the guard before what reads it',
  );
}
