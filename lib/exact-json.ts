import { randomUUID } from 'node:crypto';

const stringOrNumber = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON with integers of any length kept exactly: JSON.parse would round 9007199254740993 and its neighbour
 * to one number, and so to one key.
 *
 * @throws {SyntaxError} without the text, which is somebody's payload.
 */
export function parseExactly(text: string): unknown {
  try {
    // Before anything else looks at it: over JSON the pattern is fast, and over what only begins like it, it is not.
    const rounded = JSON.parse(text);
    if (!/\d{16}/.test(text)) return rounded;
    // At random, so that no text in a request can pass for a number.
    const marker = `\u0000${randomUUID()}:`;
    const exact = text.replace(stringOrNumber, (token) =>
      /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
        ? JSON.stringify(marker + token)
        : token,
    );
    return JSON.parse(exact, (_, value) =>
      typeof value === 'string' && value.startsWith(marker) ? BigInt(value.slice(marker.length)) : value,
    );
  } catch {
    throw new SyntaxError('the text is not JSON');
  }
}
