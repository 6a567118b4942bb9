import { decodedJson } from '../../values/json/exact-json.js';

/** Frameworks take a thousand fields. Ten megabytes can have millions of them, which take a minute to read. */
const MOST_FIELDS = 10_000;

/**
 * Reads the fields of a form (`application/x-www-form-urlencoded`, as the URL standard parses it). A name that occurs more
 * than once has the list of its values. A value that is a JSON object, such as Slack's `payload`, is decoded. A JSON list
 * stays text, since it would equal the list of a repeated name. Returns nothing where a name cannot be read.
 *
 * @throws {RangeError} where there are too many fields.
 */
export function formFields(body: string): Readonly<Record<string, unknown>> | undefined {
  const fields = new Map<string, unknown[]>();
  const parts = body.split('&');
  if (parts.length > MOST_FIELDS)
    throw new RangeError(`the form has more than ${MOST_FIELDS.toLocaleString('en')} fields`);
  for (const field of parts) {
    if (field === '') continue;
    const end = field.includes('=') ? field.indexOf('=') : field.length;
    const name = unescaped(field.slice(0, end));
    if (typeof name !== 'string') return undefined;
    const value = fieldValue(field.slice(end + 1));
    const values = fields.get(name);
    if (values) values.push(value);
    else fields.set(name, [value]);
  }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function fieldValue(escaped: string): unknown {
  const value = unescaped(escaped);
  return typeof value === 'string' && value.startsWith('{') ? decodedJson(value) : value;
}

// An escape that is no UTF-8 has no text: read leniently, `%FC` and `%25FC` would be one value. The text as it was sent is
// returned as bytes, which no readable value equals.
function unescaped(escaped: string): string | Buffer {
  const text = escaped.replaceAll('+', ' ');
  try {
    return decodeURIComponent(text);
  } catch {
    return Buffer.from(text, 'utf16le');
  }
}
