import { compile, TYPE_ANY } from '../process/libraries/jmespath-library.js';
import { fromBase64, fromZippedBase64 } from '../request/events/decoding.js';
import { lookUpHeader } from '../request/events/header.js';
import type { CompiledExpression } from '../request/expression/compiled.js';
import { describeHyphens, quoted } from '../request/expression/hyphens.js';
import { parseExactly } from '../values/json/exact-json.js';
import { type Interpreter, newInterpreter } from './jmespath-interpreter.js';

/** What is read of a node of a parsed expression. */
interface Node {
  readonly type: string;
  readonly name?: unknown;
  readonly [part: string]: unknown;
}

// JMESPath drops the elements from which a projection selects nothing. With `items[].id`, an order with a missing id would
// have the key of another order. So this function is called with every projected element, and refuses what is nothing.
const PART = 'retrysafe_part';
const HEADER = 'header';
// The language has no bytes: to its functions they are an object with a property for each byte. So this function is called
// with every argument of another function, and throws where it is bytes.
const ARGUMENT = 'retrysafe_argument';
/** Functions that only pass their arguments on. */
const passesOn = /^(?:not_null|to_array|retrysafe_part)$/;

/** What the running expression tells of itself. */
interface Running {
  /** Called with each value that it parses from a text. */
  readonly onParsed: ((value: unknown) => void) | undefined;
  /** Called where a projection selects nothing from one of its elements. */
  readonly onMissingPart: (() => never) | undefined;
}

let running: Running | undefined;

const decoders = {
  json: (value: unknown) => {
    if (typeof value !== 'string') return value;
    const parsed = parseExactly(value);
    running?.onParsed?.(parsed);
    return parsed;
  },
  base64: (value: unknown) => (typeof value === 'string' ? fromBase64(value) : value),
  base64_gzip: (value: unknown) =>
    typeof value === 'string' ? fromZippedBase64(value, 'base64_gzip()') : value,
} satisfies Record<string, (value: unknown) => unknown>;

let interpreter: Interpreter | undefined;

// The interpreter is our own. The application may use the package's, and would see our functions in it.
function ownInterpreter(): Interpreter {
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
    if (part === null || part === undefined) running?.onMissingPart?.();
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

// A text that does not parse may be a secret in the wrong place, and the parser's message repeats parts of it.
function withoutWordsOf(text: string, why: string): string {
  const words = new Set(text.match(/\w+/g));
  return why.replace(/\w+/g, (word) => (words.has(word) ? '…' : word));
}

/** Compiles an expression with JMESPath. */
export function compileJmespath(text: string, onMissingPart?: () => never): CompiledExpression {
  const needsParts = onMissingPart !== undefined;
  const facts: Facts = { subtracts: false, decodes: false, literals: new Map() };
  let prepared: never;
  try {
    const parsed = compile(text);
    const marked = markLiterals(text);
    facts.literals = marked.literals;
    prepared = prepare(marked.literals.size > 0 ? compile(marked.text) : parsed, needsParts, facts) as never;
  } catch (error) {
    const why = error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message;
    return { fault: `a JMESPath expression; this one does not parse: ${withoutWordsOf(text, why)}` };
  }
  if (facts.subtracts) return { fault: describeHyphens(text) };
  interpreter ??= ownInterpreter();
  const ours = interpreter;
  return {
    expression: {
      decodesByItself: facts.decodes,
      select: (document, onParsed) => {
        // A getter of the document may run another expression.
        const outer = running;
        running = { onParsed, onMissingPart };
        try {
          return ours.search(prepared, document as never);
        } finally {
          running = outer;
        }
      },
    },
  };
}

/** What is known of an expression while it is prepared. */
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
  if (type === 'Function' && !passesOn.test(String(name)))
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

/** An expression in which a mark stands for each JSON literal that has a digit, and the literals by their marks. */
interface MarkedExpression {
  readonly text: string;
  readonly literals: ReadonlyMap<unknown, unknown>;
}

// The library would read these literals with JSON.parse, which rounds.
function markLiterals(expression: string): MarkedExpression {
  const literals = new Map<unknown, unknown>();
  const parts = expression.split(quoted).map((part) => {
    if (!part.startsWith('`') || !/\d/.test(part)) return part;
    // A mark has a digit, so that every literal of the expression that equals a mark is replaced itself.
    const mark = `\0literal ${literals.size}`;
    literals.set(mark, parseExactly(part.slice(1, -1).replaceAll('\\`', '`')));
    return `\`${JSON.stringify(mark)}\``;
  });
  return { text: parts.join(''), literals };
}
