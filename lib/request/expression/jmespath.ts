import { jmespath } from '../../process/libraries/libraries.js';
import { parseExactly } from '../../values/json/exact-json.js';
import { bytesOf, textOrBytes, unzipped } from '../events/decoding.js';
import { lookUpHeader } from '../events/header.js';
import type { Compiled } from './expression.js';
import { type Interpreter, newInterpreter } from './jmespath-interpreter.js';
import { markLiterals, quoted } from './jmespath-literals.js';

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
// The language knows no bytes: to its functions they are an object with a property for each of them. Every argument of a
// function is passed through this one, which does not let bytes pass.
const ARGUMENT = 'retrysafe_argument';
/** What does nothing with its arguments but hand them on. */
const handsOn = /^(?:not_null|to_array|retrysafe_part)$/;

/** Is told what the expression that is being evaluated has parsed. */
let onParsed: ((value: unknown) => void) | undefined;

const decoders = {
  json: (value: unknown) => {
    if (typeof value !== 'string') return value;
    const parsed = parseExactly(value);
    onParsed?.(parsed);
    return parsed;
  },
  base64: (value: unknown) => (typeof value === 'string' ? textOrBytes(bytesOf(value)) : value),
  base64_gzip: (value: unknown) =>
    typeof value === 'string' ? textOrBytes(unzipped(bytesOf(value), 'base64_gzip()')) : value,
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
  define(
    ARGUMENT,
    (argument, name) => {
      if (ArrayBuffer.isView(argument))
        throw new TypeError(`${name}() takes no bytes, and this is no UTF-8 text`);
      return argument;
    },
    2,
  );
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
        : `JMESPath reads a hyphen as a minus: ${isOneName(right) ? 'put the name into double quotes' : `write ${right}`}`;
    return { fault: `free of arithmetic on names; ${advice}` };
  }
  interpreter ??= ownInterpreter();
  const ours = interpreter;
  return {
    expression: {
      decodesByItself: facts.decodes,
      select: (document, tellParsed) => {
        onParsed = tellParsed;
        try {
          return ours.search(ready, document as never);
        } finally {
          onParsed = undefined;
        }
      },
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
  if (type === 'Function' && !handsOn.test(String(name)))
    copy.children = (copy.children as Node[]).map((child) => ({
      type: 'Function',
      name: ARGUMENT,
      children: [child, { type: 'Literal', value: name }],
    }));
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

// It may be no expression at all, but a secret in the wrong place, which is not repeated.
function isOneName(quoted: string): boolean {
  return /^"[^"]*"$/.test(quoted);
}
