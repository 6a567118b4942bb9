/** A decimal of no more characters, and without an exponent, is the text of a double. */
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

/** Whether a number begins with this. */
export function isNumber(code: number): boolean {
  return isDigit(code) || code === MINUS;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/**
 * Behind the digits of the number that begins here, and behind its dot. An exponent may follow.
 */
export function endOfDigits(json: string, start: number): number {
  let end = start + 1;
  for (let code = json.charCodeAt(end); isDigit(code) || code === DOT; code = json.charCodeAt(end)) end += 1;
  return end;
}

/** Whether a double may not hold the number that begins here and has its digits up to `end`. */
export function isRisky(json: string, start: number, end: number): boolean {
  if (end - start > SAFE_LENGTH || isExponent(json.charCodeAt(end))) return true;
  // JSON.parse makes `-0` another number than `0`.
  return json.charCodeAt(start) === MINUS && json.charCodeAt(start + 1) === ZERO;
}

/** Behind the whole number that has its digits up to `end`. */
export function endOfNumber(json: string, end: number): number {
  // Of the exponent the first is a sign or a digit, and all others are digits.
  return isExponent(json.charCodeAt(end)) ? endOfDigits(json, end + 1) : end;
}

function isExponent(code: number): boolean {
  return code === 101 || code === 69;
}

/** Behind the quote that ends a string, which no backslash escapes. */
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

/** Behind the bracket that ends the list or object which begins here. */
export function endOfContainer(json: string, start: number): number {
  let depth = 0;
  for (let at = start; ; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at) - 1;
    else if (isOpening(code)) depth += 1;
    else if (isEnd(code)) depth -= 1;
    if (depth === 0) return at + 1;
  }
}
