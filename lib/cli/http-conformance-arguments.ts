import type { HttpConformanceOptions, HttpHeaderFields } from '../testing/http/conformance-options.js';
import type { ArgumentOption, ReadArguments } from './read-arguments.js';
import { UsageError } from './usage-error.js';

const body = '<text | @file>';

/** Each option of the kit, by the name that it has on the command line. */
export const conformanceArguments = {
  method: { value: '<name>', help: 'Method of the operation. Default: POST.' },
  header: { value: "'<Name: value>'", multiple: true, help: 'Header line of each request.' },
  authentication: {
    value: "'<Name: value>'",
    multiple: true,
    help: 'Header line that says who asks, left out once to see that a replay needs it.',
  },
  'other-identity': {
    value: "'<Name: value>'",
    multiple: true,
    help: 'Header line of somebody else, to see that keys have a scope.',
  },
  body: { value: body, help: 'Body that is carried out. Default: {"amount":100,"currency":"EUR"}.' },
  'other-body': {
    value: body,
    help: 'Another body that is carried out. Default: the body with a value changed.',
  },
  'large-body': {
    value: body,
    help: 'Large body that is carried out. Default: the body with a member more.',
  },
  'large-body-bytes': {
    value: '<bytes>',
    help: 'Size of the large body that the kit makes. 0: none. Default: 65536.',
  },
  'error-body': { value: body, help: 'Body that is answered by a final error.' },
  'slow-body': { value: body, help: 'Body that takes long enough for a copy to meet it: 200 ms is plenty.' },
  'slow-url': { value: '<url>', help: 'Where the operation takes long enough.' },
  'other-url': {
    value: '<url>',
    help: 'Another operation that takes the body, to see that it has keys of its own.',
  },
  'other-method': { value: '<name>', help: 'Method of the other operation.' },
  'binary-url': { value: '<url>', help: 'Operation that takes bytes as application/octet-stream.' },
  effects: {
    value: '<url>',
    help: 'Where a GET tells how many effects there were: a number, or JSON with "effects" or "count".',
  },
  'key-header': { value: '<name>', help: 'Header field of the key. Default: Idempotency-Key.' },
  marker: { value: '<name>', help: 'Header field that marks a replay. Default: Idempotency-Replayed.' },
  'max-key-length': { value: '<characters>', help: 'Length of the longest key. Default: 255.' },
  'optional-key': { help: 'The operation does not demand a key.' },
  'ignore-header': {
    value: '<name>',
    multiple: true,
    help: 'Header field that may differ between an answer and its replay.',
  },
  timeout: { value: '<seconds>', help: 'How long an answer is awaited. Default: 10.' },
  ca: { value: '<file>', help: 'Certificates to trust, as PEM.' },
  only: { value: '<id,…>', multiple: true, help: 'Checks to run. Default: all.' },
  except: { value: '<id,…>', multiple: true, help: 'Checks to leave out.' },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

type ArgumentName = keyof typeof conformanceArguments;
type OptionName = keyof HttpConformanceOptions;

/** Those whose name is not the one of the option with hyphens. */
const renamed: Readonly<Partial<Record<OptionName, ArgumentName>>> = {
  headers: 'header',
  required: 'optional-key',
  ignoredHeaders: 'ignore-header',
};

/** The name on the command line of an option of the kit. */
export function argumentOf(option: string): string {
  return renamed[option as OptionName] ?? option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Makes the kit's options of what was given.
 *
 * @throws {UsageError} for a value that cannot be read. The kit checks what it means.
 */
export function conformanceOptions({ values }: ReadArguments): HttpConformanceOptions {
  const of = <T>(name: ArgumentName, read: (text: string, name: string) => T): T | undefined => {
    const [text] = values[name] ?? [];
    return text === undefined ? undefined : read(text, name);
  };
  const listOf = (name: ArgumentName) => values[name]?.flatMap((text) => text.split(','));
  const asIs = (text: string) => text;
  const given = {
    method: of('method', asIs),
    headers: fieldsOf(values, 'header'),
    authentication: fieldsOf(values, 'authentication'),
    otherIdentity: fieldsOf(values, 'other-identity'),
    body: of('body', bodyIn),
    otherBody: of('other-body', bodyIn),
    largeBody: of('large-body', bodyIn),
    largeBodyBytes: of('large-body-bytes', numberIn),
    errorBody: of('error-body', bodyIn),
    slowBody: of('slow-body', bodyIn),
    slowUrl: of('slow-url', asIs),
    otherUrl: of('other-url', asIs),
    otherMethod: of('other-method', asIs),
    binaryUrl: of('binary-url', asIs),
    effects: of('effects', asIs),
    keyHeader: of('key-header', asIs),
    marker: of('marker', asIs),
    maxKeyLength: of('max-key-length', numberIn),
    required: values['optional-key'] ? false : undefined,
    ignoredHeaders: listOf('ignore-header'),
    timeout: of('timeout', numberIn),
    ca: of('ca', contentOf),
    only: listOf('only'),
    except: listOf('except'),
  } satisfies { readonly [Name in OptionName]-?: HttpConformanceOptions[Name] | undefined };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function fieldsOf(values: ReadArguments['values'], name: ArgumentName): HttpHeaderFields | undefined {
  const lines = values[name];
  if (!lines) return undefined;
  const fields: Record<string, string[]> = {};
  for (const line of lines) {
    const [, field, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (field === undefined || value === undefined) throw new UsageError(`--${name}: expected 'Name: value'`);
    const known = Object.keys(fields).find((one) => one.toLowerCase() === field.toLowerCase()) ?? field;
    fields[known] = [...(fields[known] ?? []), value];
  }
  return fields;
}

/** Text stays text, so that it is sent as JSON where no header field says otherwise. */
function bodyIn(text: string, name: string): string | Uint8Array {
  if (!text.startsWith('@')) return text;
  const bytes = contentOf(text.slice(1), name);
  const decoded = bytes.toString();
  return Buffer.from(decoded).equals(bytes) ? decoded : bytes;
}

function contentOf(path: string, name: string): Buffer {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(path);
  } catch (error) {
    const { code = 'no file' } = error as { readonly code?: string };
    throw new UsageError(`--${name}: the file cannot be read (${code}); give the path of one`);
  }
}

/** What is no number is told by the kit, which knows what is expected. */
function numberIn(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}
