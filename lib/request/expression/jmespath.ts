import { jmespath } from '../../process/libraries/libraries.js';
import { parseExactly } from '../../values/json/exact-json.js';
import { fromBase64, fromZippedBase64 } from '../events/decoding.js';
import { lookUpHeader } from '../events/header.js';
import type { CompiledExpression } from './compiled.js';
import { type Interpreter, newInterpreter } from './jmespath-interpreter.js';

/** What is read of a node of a parsed expression. */
interface Node {
  readonly type: string;
  readonly name?: unknown;
  readonly [part: string]: unknown;
}

/** Thrown where a projection of a key selects nothing from one of its elements. */
export class MissingPart extends Error {}

// JMESPath drops the elements from which a projection selects nothing. With `items[].id`, an order with a missing id would
// have the key of another order. So this function is called with every projected element, and throws where it is nothing.
const PART = 'retrysafe_part';
const HEADER = 'header';
// The language has no bytes: to its functions they are an object with a property for each byte. So this function is called
// with every argument of another function, and throws where it is bytes.
const ARGUMENT = 'retrysafe_argument';
/** Functions that only pass their arguments on. */
const passesOn = /^(?:not_null|to_array|retrysafe_part)$/;

/** Called with each value that the running expression parses from a text. */
let onParsed: ((value: unknown) => void) | undefined;

const decoders = {
  json: (value: unknown) => {
    if (typeof value !== 'string') return value;
    const parsed = parseExactly(value);
    onParsed?.(parsed);
    return parsed;
  },
  base64: (value: unknown) => (typeof value === 'string' ? fromBase64(value) : value),
  base64_gzip: (value: unknown) =>
    typeof value === 'string' ? fromZippedBase64(value, 'base64_gzip()') : value,
} satisfies Record<string, (value: unknown) => unknown>;

let interpreter: Interpreter | undefined;

// The interpreter is our own. The application may use the package's, and would see our functions in it.
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

/** Compiles an expression with JMESPath. The first call loads the library. */
export function compileJmespath(text: string, needsParts: boolean): CompiledExpression {
  const facts: Facts = { subtracts: false, decodes: false, literals: new Map() };
  let prepared: never;
  try {
    const parsed = jmespath().compile(text);
    const marked = markLiterals(text);
    facts.literals = marked.literals;
    prepared = prepare(
      marked.literals.size > 0 ? jmespath().compile(marked.text) : parsed,
      needsParts,
      facts,
    ) as never;
  } catch (error) {
    const why = error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message;
    return { fault: `a JMESPath expression; this one does not parse: ${why}` };
  }
  if (facts.subtracts) {
    const quotedText = quoteHyphens(text);
    const remedy = isOneName(quotedText) ? 'put the name into double quotes' : `write ${quotedText}`;
    const advice =
      quotedText === text
        ? 'a key of several parts is a list, such as [userId, orderId]'
        : `JMESPath reads a hyphen as a minus: ${remedy}`;
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
          return ours.search(prepared, document as never);
        } finally {
          onParsed = undefined;
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

function quoteHyphens(text: string): string {
  return text
    .split(quoted)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[A-Za-z_]\w*(?:-\w+)+/g, '"$&"')))
    .join('');
}

// One name may be a secret in the wrong place and no expression, so it is not repeated.
function isOneName(text: string): boolean {
  return /^"[^"]*"$/.test(text);
}

/** The quoted parts of an expression, with quotes of any kind. */
const quoted = /("(?:\\.|[^"])*"|`(?:\\.|[^`])*`|'(?:\\.|[^'])*')/;

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
