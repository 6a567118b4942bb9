import { gunzipSync } from 'node:zlib';
import { compile, TreeInterpreter, TYPE_ANY } from '@jmespath-community/jmespath';
import { parseExactly } from './exact-json.js';

/** A node of a parsed expression, as far as it is looked into here. */
interface Node {
  readonly type: string;
  readonly name?: unknown;
  readonly [part: string]: unknown;
}

/** A compiled expression. */
export interface Expression {
  /** Whether it decodes text by itself, as expressions for AWS Powertools do, and so wants the event untouched. */
  readonly decodesByItself: boolean;
  /** @throws Whatever JMESPath has against this document. */
  select(document: unknown): unknown;
}

/** A projection of a key selects nothing of one of its parts. */
export class MissingPart extends Error {}

// JMESPath drops what a projection selects nothing of, so that `items[].id` would give an order with a missing id
// the key of another order. Every projected part is passed through this function, which does not let nothing pass.
const PART = 'retrysafe_part';
const HEADER = 'header';
// The language's own would write every Map as {}, and cannot write a bigint at all.
const TEXT = 'retrysafe_text';

// An interpreter of our own: the package's is shared with the application, and so would our functions be.
type Interpreter = typeof TreeInterpreter;
const interpreter = new (TreeInterpreter.constructor as new () => Interpreter)();

const decoders = {
  json: (value: unknown) => (typeof value === 'string' ? parseExactly(value) : value),
  base64: (value: unknown) => (typeof value === 'string' ? bytes(value).toString() : value),
  base64_gzip: (value: unknown) => (typeof value === 'string' ? unpacked(bytes(value)) : value),
} satisfies Record<string, (value: unknown) => unknown>;

for (const [name, decode] of Object.entries(decoders)) {
  define(name, decode);
  define(`powertools_${name}`, decode);
}
define(PART, (part) => {
  if (part === null || part === undefined) throw new MissingPart('a part of a list selects nothing');
  return part;
});
define(HEADER, lookUpHeader, 2);
define(TEXT, textOf);

function define(name: string, run: (...args: unknown[]) => unknown, parameters = 1): void {
  const signature = Array.from({ length: parameters }, () => ({ types: [TYPE_ANY] }));
  interpreter.runtime.registerFunction(name, ((args: unknown[]) => run(...args)) as never, signature);
}

/** What somebody would write by hand is far from it; what a program puts together should be a function. */
const LONGEST_EXPRESSION = 4_096;

/** A few kilobytes of base64 may stand for gigabytes. No event is near it: Lambda takes 6 MB of text. */
const LARGEST_UNPACKED = 32 * 1_024 * 1_024;

const compiled = new Map<string, { readonly expression: Expression } | { readonly fault: string }>();

/**
 * Compiles a JMESPath expression once. Answers with the expression, or with what would be right.
 * `parts: 'optional'` lets a projection drop what it selects nothing of, as plain JMESPath does.
 */
export function compileExpression(
  text: string,
  { parts = 'required' }: { readonly parts?: 'required' | 'optional' } = {},
): { readonly expression?: Expression; readonly fault?: string } {
  if (text.length > LONGEST_EXPRESSION)
    return { fault: `a JMESPath expression of at most ${LONGEST_EXPRESSION} characters, or a function` };
  const known = compiled.get(`${parts} ${text}`);
  if (known) return known;
  const fresh = parse(text, parts === 'required');
  compiled.set(`${parts} ${text}`, fresh);
  return fresh;
}

function parse(
  text: string,
  needsParts: boolean,
): { readonly expression: Expression } | { readonly fault: string } {
  const facts = { subtracts: false, decodes: false };
  let ready: never;
  try {
    ready = prepare(compile(text), needsParts, facts) as never;
  } catch (error) {
    const why = error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message;
    return { fault: `a JMESPath expression; this one does not parse: ${why}` };
  }
  if (facts.subtracts) {
    const quoted = quoteHyphens(text);
    const advice =
      quoted === text
        ? 'a key of several parts is a list, such as [userId, orderId]'
        : `JMESPath reads a hyphen as a minus: write ${quoted}`;
    return { fault: `free of arithmetic on names; ${advice}` };
  }
  return {
    expression: {
      decodesByItself: facts.decodes,
      select: (document) => interpreter.search(ready, document as never),
    },
  };
}

function prepare(
  node: unknown,
  needsParts: boolean,
  facts: { subtracts: boolean; decodes: boolean },
): unknown {
  if (Array.isArray(node)) return node.map((child) => prepare(child, needsParts, facts));
  if (typeof node !== 'object' || node === null || (node as Node).type === 'Literal') return node;
  const { type, name } = node as Node;
  if (type === 'Arithmetic' && startsWithName((node as Node).right)) facts.subtracts = true;
  if (type === 'Function' && String(name).replace('powertools_', '') in decoders) facts.decodes = true;
  const copy = Object.fromEntries(
    Object.entries(node).map(([part, child]) => [
      part,
      prepare(child, needsParts && part !== 'condition', facts),
    ]),
  ) as Record<string, unknown>;
  if (type === 'Function' && name === HEADER)
    copy.children = [{ type: 'Root' }, ...(copy.children as Node[])];
  if (type === 'Function' && name === 'to_string') copy.name = TEXT;
  if (needsParts && type.endsWith('Projection'))
    copy.right = { type: 'Function', name: PART, children: [copy.right] };
  return copy;
}

function startsWithName(node: unknown): boolean {
  const { type, left } = node as Node;
  return type === 'Field' || (left !== undefined && startsWithName(left));
}

function quoteHyphens(text: string): string {
  return text
    .split(/("(?:\\.|[^"])*"|`(?:\\.|[^`])*`|'(?:\\.|[^'])*')/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[A-Za-z_]\w*(?:-\w+)+/g, '"$&"')))
    .join('');
}

// Header names mean the same whatever their case (RFC 9110, section 5.1).
function lookUpHeader(event: unknown, wanted: unknown): unknown {
  const { headers, multiValueHeaders } = (event ?? {}) as Record<
    string,
    Record<string, unknown> | null | undefined
  >;
  for (const from of [headers, multiValueHeaders]) {
    const name = Object.keys(from ?? {}).find(
      (candidate) => candidate.toLowerCase() === String(wanted).toLowerCase(),
    );
    const value = name === undefined ? undefined : from?.[name];
    if (value !== undefined) return Array.isArray(value) && value.length === 1 ? value[0] : value;
  }
  return null;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Map || part instanceof Set)
      throw new TypeError('to_string() cannot write a Map or a Set');
    return part;
  });
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

function unpacked(compressed: Buffer): string {
  try {
    return gunzipSync(compressed, { maxOutputLength: LARGEST_UNPACKED }).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RangeError(`what base64_gzip() unpacks is larger than ${LARGEST_UNPACKED / 2 ** 20} MiB`);
  }
}
