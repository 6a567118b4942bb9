/** A double holds every decimal of at most this many characters that has no exponent. */
export const SAFE_LENGTH = 15;

export const QUOTE = 34;
export const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const LIST = 91;
const BACKSLASH = 92;
const LIST_END = 93;
const OBJECT = 123;
const OBJECT_END = 125;

export function isOpening(code: number): boolean {
  return code === LIST || code === OBJECT;
}

export function isEnd(code: number): boolean {
  return code === LIST_END || code === OBJECT_END;
}

/** Whether a number begins with this character. */
export function isNumber(code: number): boolean {
  return isDigit(code) || code === MINUS;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Returns where the digits of a number end, its fraction included. An exponent may follow. */
export function endOfDigits(json: string, start: number): number {
  let end = start + 1;
  for (let code = json.charCodeAt(end); isDigit(code) || code === DOT; code = json.charCodeAt(end)) end += 1;
  return end;
}

/** Whether a double may not hold the number that begins at `start` and whose digits end at `end`. */
export function isRisky(json: string, start: number, end: number): boolean {
  if (end - start > SAFE_LENGTH || isExponent(json.charCodeAt(end))) return true;
  // JSON.parse reads `-0` as another number than `0`.
  return json.charCodeAt(start) === MINUS && json.charCodeAt(start + 1) === ZERO;
}

/** Returns where a number ends whose digits end at `end`. */
export function endOfNumber(json: string, end: number): number {
  // An exponent begins with a sign or a digit. Only digits follow.
  return isExponent(json.charCodeAt(end)) ? endOfDigits(json, end + 1) : end;
}

function isExponent(code: number): boolean {
  return code === 101 || code === 69;
}

const structure = /["[\]{}]/g;

/** Returns where the next string begins, or a list or an object begins or ends. There has to be one. */
export function nextStructure(json: string, start: number): number {
  // A search finds it faster than reading each character.
  structure.lastIndex = start;
  structure.test(json);
  return structure.lastIndex - 1;
}

/** Returns the place after a string's last quote, which is the first one that no backslash escapes. */
export function endOfString(json: string, start: number): number {
  let end = start;
  let backslashes: number;
  do {
    end = json.indexOf('"', end + 1);
    backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
  } while (backslashes % 2 === 1);
  return end + 1;
}

/** Returns the place after the bracket that ends the list or object. */
export function endOfContainer(json: string, start: number): number {
  let depth = 1;
  let at = start + 1;
  for (;;) {
    at = nextStructure(json, at);
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    depth += isOpening(code) ? 1 : -1;
    at += 1;
    if (depth === 0) return at;
  }
}
