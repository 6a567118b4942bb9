import { parseExactly } from '../../values/json/exact-json.js';

/** What stands in an expression between quotes of any kind. */
export const quoted = /("(?:\\.|[^"])*"|`(?:\\.|[^`])*`|'(?:\\.|[^'])*')/;

/** An expression with a text in place of each JSON literal that has a number in it, and these literals by their texts. */
export interface MarkedExpression {
  readonly text: string;
  readonly literals: ReadonlyMap<unknown, unknown>;
}

/** Takes out of an expression what the library would read by JSON.parse, which rounds. */
export function markLiterals(expression: string): MarkedExpression {
  const literals = new Map<unknown, unknown>();
  const parts = expression.split(quoted).map((part) => {
    if (!part.startsWith('`') || !/\d/.test(part)) return part;
    // Each has a digit itself, so that none of an expression's own stays to be taken for one.
    const mark = `\0literal ${literals.size}`;
    literals.set(mark, parseExactly(part.slice(1, -1).replaceAll('\\`', '`')));
    return `\`${JSON.stringify(mark)}\``;
  });
  return { text: parts.join(''), literals };
}
