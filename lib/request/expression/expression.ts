import { compileJmespath } from './jmespath.js';
import { compilePath } from './path.js';

/** A compiled expression. */
export interface Expression {
  /** Whether it decodes text by itself, as expressions for AWS Powertools do, and so wants the event untouched. */
  readonly decodesByItself: boolean;
  /**
   * Selects from a document, and tells `onParsed` each value that it parsed from a text in it.
   *
   * @throws Whatever JMESPath has against this document.
   */
  select(document: unknown, onParsed?: (value: unknown) => void): unknown;
}

/** An expression, or what would be right. */
export type Compiled =
  | { readonly expression: Expression; readonly fault?: never }
  | { readonly fault: string; readonly expression?: never };

/** What somebody would write by hand is far from it; what a program puts together should be a function. */
const LONGEST_EXPRESSION = 4_096;

const compiled = new Map<string, Compiled>();

/**
 * Compiles a JMESPath expression once. `parts: 'optional'` lets a projection drop what it selects nothing of, as plain
 * JMESPath does.
 */
export function compileExpression(
  text: string,
  { parts = 'required' }: { readonly parts?: 'required' | 'optional' } = {},
): Compiled {
  if (text.length > LONGEST_EXPRESSION)
    return { fault: `a JMESPath expression of at most ${LONGEST_EXPRESSION} characters, or a function` };
  const known = compiled.get(`${parts} ${text}`);
  if (known) return known;
  // Most expressions are plain paths, for which JMESPath need not be loaded.
  const select = compilePath(text);
  const fresh = select
    ? { expression: { decodesByItself: false, select } }
    : compileJmespath(text, parts === 'required');
  compiled.set(`${parts} ${text}`, fresh);
  return fresh;
}
