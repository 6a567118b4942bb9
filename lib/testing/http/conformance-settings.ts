import { checkOptions, isUrl } from './check-options.js';
import type { HttpConformanceOptions, HttpHeaderFields } from './conformance-options.js';
import { HttpOptionError } from './http-option-error.js';
import { bodyOf, changedBody, paddedBody, type RequestBody } from './request-bodies.js';

/** Options with their defaults, and URLs that are absolute. */
export interface ConformanceSettings {
  readonly url: URL;
  readonly method: string;
  readonly headers: HttpHeaderFields;
  readonly authentication?: HttpHeaderFields;
  readonly otherIdentity?: HttpHeaderFields;
  readonly body: RequestBody;
  readonly otherBody: RequestBody;
  /** Two large bodies that differ. */
  readonly largeBodies?: readonly [RequestBody, RequestBody];
  readonly errorBody?: RequestBody;
  readonly slowBody: RequestBody;
  readonly slowUrl: URL;
  readonly other?: { readonly url: URL; readonly method: string };
  readonly binaryUrl?: URL;
  readonly effects?: URL;
  readonly keyHeader: string;
  readonly marker: string;
  readonly maxKeyLength: number;
  readonly required: boolean;
  readonly ignoredHeaders: readonly string[];
  readonly timeoutMs: number;
  readonly ca?: string | Uint8Array;
}

/**
 * Fills in the defaults.
 *
 * @throws {HttpOptionError} for an option that is wrong or unknown.
 */
export function settingsOf(url: string | URL, options: HttpConformanceOptions): ConformanceSettings {
  if (!isUrl(url) || !URL.canParse(String(url)))
    throw new HttpOptionError('url', 'an absolute URL of http or https');
  checkOptions(options);
  const tested = new URL(url);
  const { method = 'POST', headers = {}, otherUrl, otherMethod, timeout = 10 } = options;
  const isOtherGiven = otherUrl !== undefined || otherMethod !== undefined;
  const at = (relative: string | URL | undefined) =>
    relative === undefined ? undefined : new URL(relative, tested);
  const given = {
    ...bodiesOf(options, contentTypeOf(headers)),
    authentication: options.authentication,
    otherIdentity: options.otherIdentity,
    other: isOtherGiven ? { url: at(otherUrl) ?? tested, method: otherMethod ?? method } : undefined,
    binaryUrl: at(options.binaryUrl),
    effects: at(options.effects),
    ca: options.ca,
  };
  return {
    ...(withoutUndefined(given) as Pick<ConformanceSettings, keyof typeof given>),
    url: tested,
    method,
    headers,
    slowUrl: at(options.slowUrl) ?? tested,
    keyHeader: options.keyHeader ?? 'Idempotency-Key',
    marker: options.marker ?? 'Idempotency-Replayed',
    maxKeyLength: options.maxKeyLength ?? 255,
    required: options.required ?? true,
    ignoredHeaders: options.ignoredHeaders ?? [],
    timeoutMs: timeout * 1_000,
  };
}

function bodiesOf(options: HttpConformanceOptions, contentType: string | undefined) {
  const made = (value: unknown) => (value === undefined ? undefined : bodyOf(value, contentType));
  const body = made(options.body) ?? bodyOf({ amount: 100, currency: 'EUR' }, contentType);
  return {
    body,
    otherBody: made(options.otherBody) ?? changedBody(body),
    largeBodies: largeBodies(made(options.largeBody), body, options.largeBodyBytes ?? 65_536),
    errorBody: made(options.errorBody),
    slowBody: made(options.slowBody) ?? body,
  };
}

function largeBodies(given: RequestBody | undefined, body: RequestBody, lengthBytes: number) {
  if (given) return [given, changedBody(given)] as const;
  const [one, other] = [paddedBody(body, lengthBytes), paddedBody(body, lengthBytes, 'z')];
  return one && other ? ([one, other] as const) : undefined;
}

function contentTypeOf(headers: HttpHeaderFields): string | undefined {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return typeof found === 'string' ? found : found?.[0];
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
