import type { HeaderLine } from './recorded-response.js';

/**
 * Headers of one connection (RFC 9110, section 7.6.1), the time of one answer, and cookies, which belong to one client. None of
 * them is recorded.
 */
const neverRecorded = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'date',
  'set-cookie',
]);

/**
 * Returns the headers to record: those that the handler set.
 *
 * @param before The headers that stood before the guard ran, such as those of CORS. One that still has its value is not the
 * handler's: each answer gets its own.
 */
export function headersToRecord(
  lines: readonly HeaderLine[],
  before: readonly HeaderLine[] = [],
): readonly HeaderLine[] {
  const named = lines
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/));
  const stood = valuesByName(before);
  const stands = valuesByName(lines);
  return lines.filter(([line]) => {
    const name = line.toLowerCase();
    if (neverRecorded.has(name) || named.includes(name)) return false;
    return !stood.has(name) || stood.get(name) !== stands.get(name);
  });
}

function valuesByName(lines: readonly HeaderLine[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [line, value] of lines) {
    const name = line.toLowerCase();
    const known = values.get(name);
    values.set(name, known === undefined ? value : `${known}\n${value}`);
  }
  return values;
}

/** Returns the value of a header, several lines joined as HTTP joins them. */
export function headerIn(lines: readonly HeaderLine[], wanted: string): string | undefined {
  const name = wanted.toLowerCase();
  const values = lines.filter(([line]) => line.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Returns how many bytes a body has by its `Content-Length`, or `undefined` where that does not say. */
export function contentLengthIn(lines: readonly HeaderLine[]): number | undefined {
  const value = headerIn(lines, 'content-length');
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/**
 * Whether a client takes a body in the encoding in which it was recorded (RFC 9110, section 12.5.3). A compression inside of the guard
 * makes one.
 */
export function takesEncoding(accepted: string | undefined, encoding: string | undefined): boolean {
  const codings = (encoding ?? '')
    .split(',')
    .map(codingOf)
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length === 0 || accepted === undefined) return true;
  const weights = new Map(
    accepted.split(',').map((part) => {
      const [name = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [codingOf(name), weight === undefined ? 1 : Number(weight)];
    }),
  );
  return codings.every((coding) => (weights.get(coding) ?? weights.get('*') ?? 0) > 0);
}

/** The older names mean the same (RFC 9110, section 8.4.1). */
function codingOf(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/^x-(?=gzip$|compress$)/, '');
}
