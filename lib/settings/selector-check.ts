import { describeLateness } from '../options/synchronous.js';
import { compileExpression } from '../request/expression/expression.js';

/** Checks a selector: answers with what would be right, or nothing where it is right. */
export function selector(value: unknown): string | undefined {
  if (typeof value === 'function') {
    const right = describeLateness(value);
    return right && `${right}: a key must be known before anything can wait`;
  }
  if (typeof value !== 'string')
    return "a JMESPath expression such as 'body.id', or a function of the arguments";
  const { fault } = compileExpression(value);
  return fault && withoutWordsOf(value, fault);
}

// What does not parse may be no expression at all, but a secret in the wrong place, and the parser repeats parts of it.
function withoutWordsOf(text: string, fault: string): string {
  const [what, why, ...rest] = fault.split(/(does not parse: )/);
  const words = new Set(text.match(/\w+/g));
  return [
    what,
    why,
    ...rest.map((part) => part.replace(/\w+/g, (word) => (words.has(word) ? '…' : word))),
  ].join('');
}
