import { JsonText } from './json-text.js';

/**
 * Parses JSON as JSON.parse does, except that a number which a double may not hold becomes an `ExactNumber`: JSON.parse
 * would round 9007199254740993 and its neighbour to one number, and so to one key. The lists and objects within have
 * such numbers once they are `read`. A byte order mark before the text is left out.
 *
 * @throws {SyntaxError} without the text, which is somebody's payload.
 */
export function parseExactly(text: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  let rounded: unknown;
  try {
    rounded = JSON.parse(json);
  } catch {
    throw new SyntaxError('the text is not JSON');
  }
  return new JsonText(json).exact(rounded);
}

/**
 * Text that is a JSON list or object becomes its value. Any other text is that text, JSON or not: an id such as
 * `26e7694` is no number, and `null` is a text that somebody sent.
 */
export function decodedJson(text: string): unknown {
  if (!/^\ufeff?[ \t\n\r]*[[{]/.test(text)) return text;
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}
