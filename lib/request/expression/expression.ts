import type { CompiledExpression } from './compiled.js';
import { compileJmespath } from './jmespath.js';
import { compilePath } from './path.js';

/** No expression that is written by hand is as long. One that a program builds should be a function. */
const LONGEST_EXPRESSION = 4_096;

const compiled = new Map<string, CompiledExpression>();

/**
 * Compiles a JMESPath expression, once. With `parts: 'optional'` a projection drops elements from which it selects
 * nothing, as plain JMESPath does.
 */
export function compileExpression(
  text: string,
  { parts = 'required' }: { readonly parts?: 'required' | 'optional' } = {},
): CompiledExpression {
  if (text.length > LONGEST_EXPRESSION)
    return { fault: `a JMESPath expression of at most ${LONGEST_EXPRESSION} characters, or a function` };
  const known = compiled.get(`${parts} ${text}`);
  if (known) return known;
  // Most expressions are plain paths. They do not need the JMESPath library.
  const select = compilePath(text);
  const fresh = select
    ? { expression: { decodesByItself: false, select } }
    : compileJmespath(text, parts === 'required');
  compiled.set(`${parts} ${text}`, fresh);
  return fresh;
}
