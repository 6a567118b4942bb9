import type { HttpConformanceOptions } from './conformance-options.js';
import { HttpOptionError } from './http-option-error.js';

/** What each option has to be. */
const expectations: Readonly<
  Record<keyof HttpConformanceOptions, readonly [isRight: (value: unknown) => boolean, expected: string]>
> = {
  method: [isToken, 'the name of a method'],
  headers: [isHeaders, 'header fields by their names, each a text or a list of texts'],
  authentication: [isHeaders, 'header fields by their names, each a text or a list of texts'],
  otherIdentity: [isHeaders, 'header fields by their names, each a text or a list of texts'],
  body: [isBody, 'bytes, a text, or a value that is JSON'],
  otherBody: [isBody, 'bytes, a text, or a value that is JSON'],
  largeBody: [isBody, 'bytes, a text, or a value that is JSON'],
  largeBodyBytes: [isWhole(0), 'a whole number of bytes, 0 or more'],
  errorBody: [isBody, 'bytes, a text, or a value that is JSON'],
  slowBody: [isBody, 'bytes, a text, or a value that is JSON'],
  slowUrl: [isUrl, 'a URL of http or https'],
  otherUrl: [isUrl, 'a URL of http or https'],
  otherMethod: [isToken, 'the name of a method'],
  binaryUrl: [isUrl, 'a URL of http or https'],
  effects: [isUrl, 'a URL of http or https'],
  keyHeader: [isToken, 'the name of a header field'],
  marker: [isToken, 'the name of a header field'],
  maxKeyLength: [isWhole(1), 'a whole number of characters, 1 or more'],
  required: [(value) => typeof value === 'boolean', 'true or false'],
  ignoredHeaders: [isTexts, 'a list of names of header fields'],
  timeout: [(value) => typeof value === 'number' && value > 0 && value <= 86_400, 'seconds, up to 86400'],
  ca: [(value) => typeof value === 'string' || value instanceof Uint8Array, 'certificates as PEM'],
  only: [isTexts, 'a list of ids of checks'],
  except: [isTexts, 'a list of ids of checks'],
};

/**
 * Checks options, which have no URL yet.
 *
 * @throws {HttpOptionError} for one that is wrong or unknown.
 */
export function checkOptions(options: HttpConformanceOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const expectation = expectations[name as keyof HttpConformanceOptions];
    if (!expectation)
      throw new HttpOptionError(quotable(name), `one of ${Object.keys(expectations).join(', ')}`);
    if (value !== undefined && !expectation[0](value)) throw new HttpOptionError(name, expectation[1]);
  }
  const { keyHeader = 'Idempotency-Key', headers, authentication, otherIdentity } = options;
  for (const [option, fields] of Object.entries({ headers, authentication, otherIdentity })) {
    if (Object.keys(fields ?? {}).some((name) => name.toLowerCase() === keyHeader.toLowerCase()))
      throw new HttpOptionError(option, `no ${keyHeader}: the kit makes a key for each request`);
  }
}

function isToken(value: unknown): boolean {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

function isHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([name, one]) => isToken(name) && (typeof one === 'string' || (isTexts(one) && (one as []).length > 0)),
  );
}

function isBody(value: unknown): boolean {
  try {
    return value instanceof Uint8Array || typeof value === 'string' || JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isWhole(least: number): (value: unknown) => boolean {
  return (value) => Number.isSafeInteger(value) && (value as number) >= least;
}

/** Whether a value is a URL, or becomes one beside the tested URL. */
export function isUrl(value: unknown): value is string | URL {
  if (typeof value !== 'string' && !(value instanceof URL)) return false;
  const [text, base] = [String(value), 'http://localhost'];
  return URL.canParse(text, base) && /^https?:$/.test(new URL(text, base).protocol);
}

/** An unknown name is written by the caller, unless it is data. */
function quotable(name: string): string {
  return /^\w{1,40}$/.test(name) ? name : '?';
}
