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
  return compileExpression(value).fault;
}
