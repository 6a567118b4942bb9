import { isObject } from '../../options/reading.js';
import { shared } from '../../process/shared.js';
import { ExactNumber } from './exact-number.js';
import {
  COMMA,
  endOfContainer,
  endOfDigits,
  endOfNumber,
  endOfString,
  isEnd,
  isNumber,
  isOpening,
  isRisky,
  nextStructure,
  QUOTE,
  SAFE_LENGTH,
} from './json-tokens.js';

/** Between these sizes, a short number with an exponent is the text of a double, too. */
const SMALLEST = 1e-290;
const LARGEST = 1e290;

/**
 * Parses JSON as JSON.parse does, except that a number which a double may not hold becomes an `ExactNumber`. JSON.parse
 * would round 9007199254740993 and its neighbour to one number, and so to one key. The lists and objects within have
 * such numbers once `withExactNumbers` has read them. A byte order mark before the text is ignored.
 *
 * @throws {SyntaxError} without the text, which is a user's payload.
 */
export function parseExactly(text: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  let rounded: unknown;
  try {
    rounded = JSON.parse(json);
  } catch {
    throw new SyntaxError('the text is not JSON');
  }
  if (typeof rounded === 'number') return exactly(json.trim());
  if (!isObject(rounded)) return rounded;
  if (hasRisk(json, 0, json.length)) correct(rounded as Container, { json, start: nextStructure(json, 0) });
  return rounded;
}

/**
 * Decodes text that is a JSON list or object. Any other text stays text, be it JSON or not: an id such as `26e7694` is
 * no number, and `null` may be what a user typed.
 */
export function decodedJson(text: string): unknown {
  if (!/^\ufeff?[ \t\n\r]*[[{]/.test(text)) return text;
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

type Container = Record<string | number, unknown>;

/**
 * The containers whose numbers JSON.parse may have rounded, and which nothing has read yet. Another copy of the library may read
 * what this one has parsed.
 */
const unread = shared('unread-json', () => new WeakMap<object, Unread>());

/**
 * Returns the value itself. If it is a list or an object of a JSON text, its own numbers are exact from here on. Its
 * parts are corrected only when they are read themselves. Everything that reads parts of a decoded text calls this first.
 */
export function withExactNumbers<T>(value: T): T {
  if (!isObject(value)) return value;
  const part = unread.get(value);
  if (part) {
    unread.delete(value);
    correct(value as Container, { ...part, risks: part.risks ?? risksWithin(part.json, part.start) });
  }
  return value;
}

/** A container that was not read yet: the text that it is in, and where it begins. */
interface Unread {
  readonly json: string;
  readonly start: number;
  /** Its place among the risky containers of a part of the text, where these are known. */
  readonly risks?: Risks;
  readonly place?: number;
}

/**
 * The lists and objects of a part of a text that have a number which a double may not hold, or a part that has one, in the order in which
 * they begin. Of each: where it begins, where it ends, and the place here of the first one that begins after it. One list of numbers,
 * since there may be a hundred thousand of them.
 */
type Risks = number[];

/** Finds the risky containers of a part of a text in one pass, however deep they are. */
function risksWithin(json: string, start: number): Risks {
  const risks: Risks = [];
  /** Where those begin that are open, and the places of the first of them: what contains a risky one is risky. */
  const open = [start];
  const places: number[] = [];
  for (let at = start + 1; open.length > 0; at += 1) {
    // Of a container one number is enough. What follows is skipped faster than it is read.
    if (places.length === open.length) at = nextStructure(json, at);
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at) - 1;
    } else if (isNumber(code)) {
      const end = endOfDigits(json, at);
      if (isRisky(json, at, end))
        for (const opened of open.slice(places.length)) places.push(risks.push(opened, 0, 0) - 3);
      at = end - 1;
    } else if (isOpening(code)) {
      open.push(at);
    } else if (isEnd(code)) {
      open.pop();
      if (places.length <= open.length) continue;
      const place = places.pop() as number;
      risks[place + 1] = at + 1;
      risks[place + 2] = risks.length;
    }
  }
  return risks;
}

/**
 * Replaces the numbers of a container that JSON.parse may have rounded by those of the text. `risks` says which of its parts have such numbers.
 * Without it each part is looked at: of the outermost container alone, since a deep part would be looked at once for each level. So a key
 * of one small part costs a search for quotes, digits and brackets, whatever else the text has.
 */
function correct(container: Container, { json, start, risks, place = 0 }: Unread): void {
  const corrected = new Map<string | number, unknown>();
  let index = 0;
  /** Where the first string of a member is: the name of a property. */
  let string: readonly [start: number, end: number] = [0, 0];
  let isCorrected = false;
  const name = () => (Array.isArray(container) ? index : JSON.parse(json.slice(...string)));
  const note = (value: unknown) => {
    corrected.set(name(), value);
    isCorrected = true;
  };
  const finishMember = () => {
    // Of several properties with one name the last counts.
    if (corrected.size > 0 && !isCorrected) corrected.delete(name());
    index += 1;
    string = [0, 0];
    isCorrected = false;
  };
  let part = place + 3;
  for (let at = start + 1; ; at += 1) {
    const code = json.charCodeAt(at);
    if (code === COMMA) {
      finishMember();
    } else if (code === QUOTE) {
      const end = endOfString(json, at);
      if (string[1] === 0) string = [at, end];
      at = end - 1;
    } else if (isNumber(code)) {
      const digits = endOfDigits(json, at);
      const end = endOfNumber(json, digits);
      if (isRisky(json, at, digits)) note(exactly(json.slice(at, end)));
      at = end - 1;
    } else if (risks?.[part] === at) {
      note({ json, start: at, risks, place: part } satisfies Unread);
      at = (risks[part + 1] as number) - 1;
      part = risks[part + 2] as number;
    } else if (isOpening(code)) {
      const end = endOfContainer(json, at);
      if (!risks && hasRisk(json, at, end)) note({ json, start: at } satisfies Unread);
      at = end - 1;
    } else if (isEnd(code)) {
      break;
    }
  }
  finishMember();
  for (const [member, value] of corrected) {
    // By what it is not, since another copy of the library may have found it.
    if (typeof value === 'object' && !(value instanceof ExactNumber))
      unread.set(container[member] as object, value as Unread);
    // The container has this name already, so that an assignment to `__proto__` sets a property.
    else container[member] = value;
  }
}

/** Whether there is a number which a double may not hold. It looks no further than to the first. */
function hasRisk(json: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at) - 1;
    } else if (isNumber(code)) {
      const digits = endOfDigits(json, at);
      if (isRisky(json, at, digits)) return true;
      at = digits - 1;
    }
  }
  return false;
}

function exactly(written: string): number | ExactNumber {
  const size = written.length > SAFE_LENGTH ? 0 : Math.abs(Number(written));
  return size > SMALLEST && size < LARGEST ? Number(written) : new ExactNumber(written);
}
