import { isObject, ownValue } from '../../options/reading.js';
import type { ResolvedAs } from '../../record/record.js';
import type { RecordView } from '../../record/record-view.js';
import type { DeskQuery, SeenRecord } from '../desk.js';
import { isJson } from '../is-json.js';
import type { ListRequest, ResolveRequest, ShowRequest } from './messages.js';
import { PageRefusal } from './page-refusal.js';

/** How many bytes a request may have: a value that is answered may be large, anything else is small. */
export const MOST_BYTES = 1_048_576;
const MOST_KEYS = 1_000;
const MOST_CHARACTERS = 4_096;
/** A cursor of DynamoDB has a key for each part of the index, and one of Redis the keys that were read and not shown. */
const MOST_OF_CURSOR = 262_144;
/** A record keeps no longer one. */
const MOST_REASON = 200;

/**
 * Refuses a request that another site made a browser send. Browsers say where a request comes from: by `Sec-Fetch-Site`, and by `Origin` alone
 * over plain HTTP.
 *
 * @throws {PageRefusal}
 */
export function checkSameOrigin({ headers, url }: Request): void {
  const site = headers.get('sec-fetch-site');
  if (site === 'same-origin') return;
  if (site === null && hostOf(headers.get('origin')) === (headers.get('host') ?? new URL(url).host)) return;
  throw new PageRefusal(403, 'The request does not come from this page.');
}

function hostOf(origin: string | null): string | undefined {
  return origin !== null && URL.canParse(origin) ? new URL(origin).host : undefined;
}

/**
 * Reads the JSON object of a request. No form of another site can send its content type.
 *
 * @throws {PageRefusal}
 */
export async function readBody(request: Request): Promise<object> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) throw new PageRefusal(415, 'Send application/json.');
  const read = parsed(await textOf(request));
  if (isObject(read) && !Array.isArray(read)) return read;
  throw new PageRefusal(400, 'Send a JSON object.');
}

async function textOf({ headers, body }: Request): Promise<string> {
  const tooLarge = () => new PageRefusal(413, `Send at most ${MOST_BYTES} bytes.`);
  if (Number(headers.get('content-length') ?? 0) > MOST_BYTES) throw tooLarge();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // A body that is sent in chunks does not say how large it is. What throws here cancels the rest of it.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PageRefusal(400, 'Send a JSON object.');
  }
}

const statuses: Readonly<Record<NonNullable<DeskQuery['status']>, true>> = {
  stuck: true,
  'in-progress': true,
  abandoned: true,
  completed: true,
  unknown: true,
  released: true,
  unreadable: true,
} satisfies Record<RecordView['status'] | 'stuck', true>;

const decisions: Readonly<Record<ResolvedAs, true>> = {
  value: true,
  'run-again': true,
  refuse: true,
  forgotten: true,
};

/** @throws {PageRefusal} */
export function readListRequest(body: object): ListRequest {
  const read = {
    store: textIn(body, 'store'),
    status: oneOfIn(body, 'status', statuses),
    operation: optionalTextIn(body, 'operation'),
    prefix: optionalTextIn(body, 'prefix'),
    cursor: optionalTextIn(body, 'cursor', MOST_OF_CURSOR),
    ageMs: amountIn(body, 'ageMs', 0, Number.MAX_SAFE_INTEGER),
    limit: amountIn(body, 'limit', 1, MOST_KEYS),
  };
  return Object.fromEntries(
    Object.entries(read).filter(([, value]) => value !== undefined),
  ) as unknown as ListRequest;
}

/** @throws {PageRefusal} */
export function readShowRequest(body: object): ShowRequest {
  return {
    store: textIn(body, 'store'),
    key: textIn(body, 'key'),
    reveal: ownValue(body, 'reveal') === true,
  };
}

/** @throws {PageRefusal} */
export function readResolveRequest(body: object): ResolveRequest {
  const as = oneOfIn(body, 'as', decisions);
  if (as === undefined) throw wrong('as', `one of ${Object.keys(decisions).join(', ')}`);
  const reason = textIn(body, 'reason').trim();
  if (reason === '' || reason.length > MOST_REASON)
    throw wrong('reason', `a text of 1 to ${MOST_REASON} characters`);
  const json = ownValue(body, 'json');
  const request = { store: textIn(body, 'store'), seen: seenIn(body), as, reason };
  if (as !== 'value') return request;
  if (typeof json !== 'string' || !isJson(json)) throw wrong('json', 'JSON');
  return { ...request, json, isPlain: ownValue(body, 'isPlain') === true };
}

function seenIn(body: object): readonly SeenRecord[] {
  const seen = ownValue(body, 'seen');
  if (!Array.isArray(seen) || seen.length < 1 || seen.length > MOST_KEYS)
    throw wrong('seen', `a list of 1 to ${MOST_KEYS} records`);
  return seen.map((one: unknown) => {
    if (!isObject(one)) throw wrong('seen', 'a list of records, each with its key and token');
    return { key: textIn(one, 'key'), token: textIn(one, 'token') };
  });
}

function textIn(body: object, name: string, most = MOST_CHARACTERS): string {
  const value = ownValue(body, name);
  if (typeof value === 'string' && value.length > 0 && value.length <= most) return value;
  throw wrong(name, `a text of 1 to ${most} characters`);
}

function optionalTextIn(body: object, name: string, most?: number): string | undefined {
  return ownValue(body, name) === undefined ? undefined : textIn(body, name, most);
}

function amountIn(body: object, name: string, least: number, most: number): number | undefined {
  const value = ownValue(body, name);
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw wrong(name, `a whole number from ${least} to ${most}`);
}

function oneOfIn<T extends string>(
  body: object,
  name: string,
  all: Readonly<Record<T, true>>,
): T | undefined {
  const value = ownValue(body, name);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && Object.hasOwn(all, value)) return value as T;
  throw wrong(name, `one of ${Object.keys(all).join(', ')}`);
}

function wrong(name: string, expected: string): PageRefusal {
  return new PageRefusal(400, `"${name}": expected ${expected}.`);
}
