import { describeLateness } from '../options/synchronous.js';
import { compileExpression } from '../request/expression/expression.js';

/** Checks a selector. Returns what is expected instead, or `undefined` if the value is valid. */
export function checkSelector(value: unknown): string | undefined {
  if (typeof value === 'function') {
    const expected = describeLateness(value);
    return expected && `${expected}: a call needs its key before anything can wait`;
  }
  if (typeof value !== 'string')
    return "a JMESPath expression such as 'body.id', or a function of the arguments";
  const { fault } = compileExpression(value);
  return fault && withoutWordsOf(value, fault);
}

// A text that does not parse may be a secret in the wrong place, and the parser's message repeats parts of it.
function withoutWordsOf(text: string, fault: string): string {
  const [what, why, ...rest] = fault.split(/(does not parse: )/);
  const words = new Set(text.match(/\w+/g));
  return [
    what,
    why,
    ...rest.map((part) => part.replace(/\w+/g, (word) => (words.has(word) ? '…' : word))),
  ].join('');
}
