import { isObject } from '../../options/reading.js';
import { kindOf } from '../../options/wrong-option.js';
import { tooLong } from '../core/body-recording.js';
import type { MadeResponse } from '../core/guarded-request.js';
import type { ProblemAnswer } from '../core/problem.js';
import { headersToRecord } from '../core/recorded-headers.js';
import {
  bodyOf,
  type HeaderLine,
  type RecordedResponse,
  recordedResponse,
} from '../core/recorded-response.js';
import { REPLAYED } from '../core/replayed-header.js';
import type { EventForm } from './http-event.js';

/** A result as API Gateway and load balancers take it. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** What a handler may return. */
interface GivenResult {
  readonly statusCode?: unknown;
  readonly headers?: Readonly<Record<string, unknown>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly unknown[]>> | null;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
}

/** A handler's result: as it is sent, and what is recorded of it. */
export interface ReadResult {
  readonly sent: unknown;
  readonly made: MadeResponse;
}

/**
 * Reads what a handler returned.
 *
 * @throws {TypeError} for what is no result: the first client, too, would get an error for it.
 */
export function readResult(result: unknown, form: EventForm, maxBody: number): ReadResult {
  const sent = structured(result, form);
  const { statusCode, body, isBase64Encoded } = sent;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new TypeError('the handler returned a result whose `statusCode` is no HTTP status');
  const headers = headersToRecord(linesOf(sent, form));
  const encoding = isBase64Encoded === true ? 'base64' : 'utf8';
  const bytes = typeof body === 'string' && body !== '' ? Buffer.from(body, encoding) : undefined;
  if (bytes && bytes.byteLength > maxBody)
    return { sent, made: { status, headers, unrecorded: tooLong(maxBody) } };
  return { sent, made: { status, headers, recorded: recordedResponse(status, headers, bytes, false) } };
}

/** Returns a result whose body is text. Format 2.0 takes a body alone, and a body of any shape, and sends it as JSON. */
function structured(result: unknown, form: EventForm): GivenResult {
  if (isStream(result) || (isObject(result) && isStream((result as GivenResult).body)))
    throw new TypeError('the handler returned a stream, which cannot be recorded; return what is in it');
  const isBareAllowed = form === '2.0' || form === 'url';
  if (!isObject(result) || !('statusCode' in result)) {
    if (isBareAllowed) return spelledOut(result, form);
    throw new TypeError(`the handler returned ${kindOf(result)}; expected a result with a \`statusCode\``);
  }
  const { body } = result as GivenResult;
  if (body === undefined || body === null || typeof body === 'string') return result;
  if (isBareAllowed) return { ...result, body: JSON.stringify(body) };
  throw new TypeError(`the handler returned a result whose body is ${kindOf(body)}; expected a text`);
}

/**
 * Returns the result that a body alone stands for. It is sent in its place, so that a replay, which needs a header, is the same. A
 * function URL sends a text as JSON, in quotes, and an HTTP API as it is.
 */
function spelledOut(value: unknown, form: EventForm): GivenResult {
  const body = typeof value === 'string' && form === '2.0' ? value : JSON.stringify(value ?? null);
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body, isBase64Encoded: false };
}

function isStream(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { pipe, getReader, arrayBuffer } = value as Readonly<Record<string, unknown>>;
  return [pipe, getReader, arrayBuffer].some((method) => typeof method === 'function');
}

/** Format 2.0 has one value for each header, and cookies beside them, which are not recorded. */
function linesOf({ headers, multiValueHeaders }: GivenResult, form: EventForm): readonly HeaderLine[] {
  const singles = Object.entries(headers ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const lines = singles.map(([name, value]): HeaderLine => [name, String(value)]);
  if (form === '2.0' || form === 'url') return lines;
  const lists = Object.entries(multiValueHeaders ?? {}).flatMap(([name, values]) =>
    values.map((value): HeaderLine => [name, String(value)]),
  );
  // API Gateway merges the two, and a value that is in both is sent once.
  return [
    ...lists,
    ...lines.filter(([name, value]) => !lists.some((line) => line[0] === name && line[1] === value)),
  ];
}

/** A result as `resultOutcome` takes it. */
export interface ResultParts {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined;
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean | undefined;
}

/**
 * Returns a result as it is recorded, for `currentExecution().completion(…)` and for `onAbandoned`.
 *
 * @throws {TypeError} for what is no result.
 */
export function resultOutcome(result: ResultParts): RecordedResponse {
  return readResult(result, '1.0', Number.POSITIVE_INFINITY).made.recorded as RecordedResponse;
}

/** Returns a recorded response as a result of this form. */
export function recordedResult(response: RecordedResponse, form: EventForm, isReplay: boolean): HttpResult {
  const { status, headers, text } = response;
  const lines: readonly HeaderLine[] = isReplay ? [...headers, [REPLAYED, 'true']] : headers;
  const bytes = text === undefined ? bodyOf(response) : undefined;
  return {
    statusCode: status,
    ...headersOf(lines, form),
    body: bytes?.toString('base64') ?? text ?? '',
    isBase64Encoded: bytes !== undefined,
  };
}

/** Returns the result for a request that is refused. */
export function problemResult({ status, headers, body }: ProblemAnswer, form: EventForm): HttpResult {
  return {
    statusCode: status,
    ...headersOf(Object.entries(headers), form),
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

function headersOf(
  lines: readonly HeaderLine[],
  form: EventForm,
): Pick<HttpResult, 'headers' | 'multiValueHeaders'> {
  const named = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of lines) {
    const known = named.get(name.toLowerCase());
    if (known) known.values.push(value);
    else named.set(name.toLowerCase(), { name, values: [value] });
  }
  const all = [...named.values()].map(({ name, values }) => [name, values] as const);
  if (form === 'alb-lists') return { multiValueHeaders: Object.fromEntries(all) };
  const isList = ([, values]: (typeof all)[number]) => form === '1.0' && values.length > 1;
  const singles = all.filter((header) => !isList(header));
  const headers = Object.fromEntries(singles.map(([name, values]) => [name, values.join(', ')]));
  const lists = all.filter(isList);
  return lists.length === 0 ? { headers } : { headers, multiValueHeaders: Object.fromEntries(lists) };
}
