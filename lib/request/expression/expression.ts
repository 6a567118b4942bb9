import { type CompiledExpression, jmespath } from './compiled.js';
import { describeHyphens, quoteHyphens } from './hyphens.js';
import { compilePath } from './path.js';

/** No expression that is written by hand is as long. One that a program builds should be a function. */
const LONGEST_EXPRESSION = 4_096;

/** Thrown where a projection of a key selects nothing from one of its elements. */
export class MissingPart extends Error {}

const compiled = {
  required: new Map<string, CompiledExpression>(),
  optional: new Map<string, CompiledExpression>(),
};

/**
 * Compiles a JMESPath expression, once. With `'optional'` parts a projection drops elements from which it selects
 * nothing, as plain JMESPath does.
 */
export function compileExpression(
  text: string,
  parts: 'required' | 'optional' = 'required',
): CompiledExpression {
  const known = compiled[parts].get(text);
  if (known) return known;
  if (text.length > LONGEST_EXPRESSION)
    return { fault: `a JMESPath expression of at most ${LONGEST_EXPRESSION} characters, or a function` };
  const fresh = compileFresh(text, parts === 'required' ? missingPart : undefined);
  // Without a compiler nothing is kept: the import may come before the next class.
  if (fresh.expression || jmespath.compile) compiled[parts].set(text, fresh);
  return fresh;
}

function compileFresh(text: string, onMissingPart: (() => never) | undefined): CompiledExpression {
  // Most expressions are plain paths. They do not need the JMESPath library.
  const select = compilePath(text);
  if (select) return { expression: { decodesByItself: false, select } };
  return jmespath.compile?.(text, onMissingPart) ?? { fault: describePaths(text) };
}

/** What is right in place of an expression that is no plain path, where nothing compiles such expressions. */
function describePaths(text: string): string {
  // An import would only lead to the next error.
  if (/-[A-Za-z_]/.test(text) && compilePath(quoteHyphens(text))) return describeHyphens(text);
  return "a plain path such as 'body.id', or a function; for an expression that goes beyond a plain path, put `import 'retrysafe/jmespath'` before this";
}

function missingPart(): never {
  throw new MissingPart('a part of a list selects nothing');
}
