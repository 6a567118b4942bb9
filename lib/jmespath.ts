import { parseExactly } from './exact-json.js';
import type { Compiled } from './expression.js';
import { lookUpHeader } from './header.js';
import { type Interpreter, newInterpreter } from './jmespath-interpreter.js';
import { markLiterals, quoted } from './jmespath-literals.js';
import { jmespath } from './libraries.js';

/** A node of a parsed expression, as far as it is looked into here. */
interface Node {
  readonly type: string;
  readonly name?: unknown;
  readonly [part: string]: unknown;
}

/** A projection of a key selects nothing of one of its parts. */
export class MissingPart extends Error {}

// JMESPath drops what a projection selects nothing of, so that `items[].id` would give an order with a missing id
// the key of another order. Every projected part is passed through this function, which does not let nothing pass.
const PART = 'retrysafe_part';
const HEADER = 'header';

/** A few kilobytes of base64 may stand for gigabytes. No event is near it: Lambda takes 6 MB of text. */
const LARGEST_UNZIPPED = 32 * 1_024 * 1_024;

const decoders = {
  json: (value: unknown) => (typeof value === 'string' ? parseExactly(value) : value),
  base64: (value: unknown) => (typeof value === 'string' ? bytes(value).toString() : value),
  base64_gzip: (value: unknown) => (typeof value === 'string' ? unzipped(bytes(value)) : value),
} satisfies Record<string, (value: unknown) => unknown>;

let interpreter: Interpreter | undefined;

// One of our own: the package's is shared with the application, and so would our functions be.
function ownInterpreter(): Interpreter {
  const { TYPE_ANY } = jmespath();
  const made = newInterpreter();
  const define = (name: string, run: (...args: unknown[]) => unknown, parameters = 1) => {
    const signature = Array.from({ length: parameters }, () => ({ types: [TYPE_ANY] }));
    made.runtime.registerFunction(name, ((args: unknown[]) => run(...args)) as never, signature);
  };
  for (const [name, decode] of Object.entries(decoders)) {
    define(name, decode);
    define(`powertools_${name}`, decode);
  }
  define(PART, (part) => {
    if (part === null || part === undefined) throw new MissingPart('a part of a list selects nothing');
    return part;
  });
  define(HEADER, lookUpHeader, 2);
  return made;
}

/** Compiles an expression by JMESPath, which is loaded by the first. */
export function compileJmespath(text: string, needsParts: boolean): Compiled {
  const facts: Facts = { subtracts: false, decodes: false, literals: new Map() };
  let ready: never;
  try {
    const parsed = jmespath().compile(text);
    const marked = markLiterals(text);
    facts.literals = marked.literals;
    ready = prepare(
      marked.literals.size > 0 ? jmespath().compile(marked.text) : parsed,
      needsParts,
      facts,
    ) as never;
  } catch (error) {
    const why = error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message;
    return { fault: `a JMESPath expression; this one does not parse: ${why}` };
  }
  if (facts.subtracts) {
    const right = quoteHyphens(text);
    const advice =
      right === text
        ? 'a key of several parts is a list, such as [userId, orderId]'
        : `JMESPath reads a hyphen as a minus: write ${right}`;
    return { fault: `free of arithmetic on names; ${advice}` };
  }
  interpreter ??= ownInterpreter();
  const ours = interpreter;
  return {
    expression: {
      decodesByItself: facts.decodes,
      select: (document) => ours.search(ready, document as never),
    },
  };
}

/** What is found out about an expression, or is known of it, while it is prepared. */
interface Facts {
  subtracts: boolean;
  decodes: boolean;
  literals: ReadonlyMap<unknown, unknown>;
}

function prepare(node: unknown, needsParts: boolean, facts: Facts): unknown {
  if (Array.isArray(node)) return node.map((child) => prepare(child, needsParts, facts));
  if (typeof node !== 'object' || node === null) return node;
  const { type, name, value } = node as Node;
  if (type === 'Literal')
    return facts.literals.has(value) ? { type, value: facts.literals.get(value) } : node;
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
    .split(quoted)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[A-Za-z_]\w*(?:-\w+)+/g, '"$&"')))
    .join('');
}

function unzipped(zipped: Buffer): string {
  try {
    const { gunzipSync } = process.getBuiltinModule('node:zlib');
    return gunzipSync(zipped, { maxOutputLength: LARGEST_UNZIPPED }).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RangeError(`what base64_gzip() unpacks is larger than ${LARGEST_UNZIPPED / 2 ** 20} MiB`);
  }
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
