import { compileJmespath } from './jmespath.js';
import { compilePath } from './path.js';

/** A compiled expression. */
export interface Expression {
  /** Whether it decodes text itself, as expressions for AWS Powertools do. It then reads the event as it arrived. */
  readonly decodesByItself: boolean;
  /**
   * Selects from a document. It calls `onParsed` with each value that it parses from a text in the document.
   *
   * @throws What JMESPath throws for this document.
   */
  select(document: unknown, onParsed?: (value: unknown) => void): unknown;
}

/** A compiled expression; or, where it is wrong, what would be right. */
export type CompiledExpression =
  | { readonly expression: Expression; readonly fault?: never }
  | { readonly fault: string; readonly expression?: never };

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
