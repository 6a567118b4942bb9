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
  return new JsonText(json).exact(rounded);
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

type Container = unknown[] | Record<string, unknown>;

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
  if (typeof value !== 'object' || value === null) return value;
  const part = unread.get(value);
  if (part) {
    unread.delete(value);
    part.text.correct(value as Container, part.number);
  }
  return value;
}

/**
 * A JSON text, beside what JSON.parse made of it. One pass finds the lists and objects that have a number which a double
 * may not hold. Each of them is read again only when it is asked for. So a key of one small part costs a search for
 * quotes, digits and brackets, whatever else the text has.
 */
class JsonText {
  // Of each risky container: where it begins, where it ends, and the number of the first one after all within it. Outer
  // ones come first.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #afters: number[] = [];

  constructor(readonly json: string) {}

  /** Returns what JSON.parse made of the text, with exact numbers. */
  exact(rounded: unknown): unknown {
    if (typeof rounded === 'number') return exactly(this.json.trim());
    if (typeof rounded !== 'object' || rounded === null) return rounded;
    this.#findRisks();
    if (this.#starts.length > 0) this.correct(rounded as Container, 0);
    return rounded;
  }

  #findRisks(): void {
    const { json } = this;
    const open: number[] = [];
    // How many of the open containers, from the outermost, are known to be risky.
    let risky = 0;
    for (let at = 0; at < json.length; at += 1) {
      const code = json.charCodeAt(at);
      if (code === QUOTE) {
        at = endOfString(json, at) - 1;
      } else if (isNumber(code)) {
        const end = endOfDigits(json, at);
        if (isRisky(json, at, end)) risky = open.length;
        at = end - 1;
      } else if (isOpening(code)) {
        open.push(this.#starts.push(at) - 1);
        this.#ends.push(0);
        this.#afters.push(0);
      } else if (isEnd(code)) {
        const number = open.pop() as number;
        if (risky > open.length) {
          this.#ends[number] = at + 1;
          this.#afters[number] = this.#starts.length;
          risky = open.length;
        } else {
          // Nothing within it is risky either, so it is the last in the lists.
          this.#starts.pop();
          this.#ends.pop();
          this.#afters.pop();
        }
      }
    }
  }

  /** Replaces the numbers of a container that JSON.parse may have rounded by those of the text. */
  correct(container: Container, number: number): void {
    const set = (name: string | number, value: unknown) => {
      const target = container as Record<string | number, unknown>;
      if (value instanceof Unread) unread.set(target[name] as object, value);
      // The container has this name already, so that an assignment to `__proto__` sets a property.
      else target[name] = value;
    };
    const members = Array.isArray(container) ? new Elements(set) : new Properties(set, this.json);
    const { json } = this;
    const end = (this.#ends[number] as number) - 1;
    let within = number + 1;
    for (let at = (this.#starts[number] as number) + 1; at < end; at += 1) {
      const code = json.charCodeAt(at);
      if (code === COMMA) {
        members.next();
      } else if (code === QUOTE) {
        const end = endOfString(json, at);
        members.addString(at, end);
        at = end - 1;
      } else if (isNumber(code)) {
        const digits = endOfDigits(json, at);
        const end = endOfNumber(json, digits);
        if (isRisky(json, at, digits)) members.correct(exactly(json.slice(at, end)));
        at = end - 1;
      } else if (isOpening(code)) {
        if (this.#starts[within] === at) {
          members.correct(new Unread(this, within));
          at = (this.#ends[within] as number) - 1;
          within = this.#afters[within] as number;
        } else {
          at = endOfContainer(json, at) - 1;
        }
      }
    }
    members.finish();
  }
}

/** A container that was not read yet: the text that it is in, and its number there. */
class Unread {
  constructor(
    readonly text: JsonText,
    readonly number: number,
  ) {}
}

type SetMember = (name: string | number, value: unknown) => void;

/** The elements of a list, in order. */
class Elements {
  #index = 0;

  constructor(readonly set: SetMember) {}

  correct(value: unknown): void {
    this.set(this.#index, value);
  }

  addString(): void {}

  next(): void {
    this.#index += 1;
  }

  finish(): void {}
}

/** The properties of an object, in the order of the text. Of several with one name the last counts. */
class Properties {
  readonly #corrected = new Map<string, unknown>();
  #name: readonly [start: number, end: number] | undefined;
  #isCorrected = false;

  constructor(
    readonly set: SetMember,
    readonly json: string,
  ) {}

  correct(value: unknown): void {
    this.#corrected.set(this.#readName(), value);
    this.#isCorrected = true;
  }

  /** The first string of a property is its name, a second one its value. */
  addString(start: number, end: number): void {
    this.#name ??= [start, end];
  }

  next(): void {
    if (this.#corrected.size > 0 && !this.#isCorrected) this.#corrected.delete(this.#readName());
    this.#name = undefined;
    this.#isCorrected = false;
  }

  finish(): void {
    this.next();
    for (const [name, value] of this.#corrected) this.set(name, value);
  }

  #readName(): string {
    return JSON.parse(this.json.slice(...(this.#name as [number, number])));
  }
}

function exactly(written: string): number | ExactNumber {
  const size = written.length > SAFE_LENGTH ? 0 : Math.abs(Number(written));
  return size > SMALLEST && size < LARGEST ? Number(written) : new ExactNumber(written);
}
