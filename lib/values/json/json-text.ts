import { ExactNumber } from './exact-number.js';
import { Elements, Properties } from './json-members.js';
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

/** Between them a short number with an exponent is the text of a double, too. */
const SMALLEST = 1e-290;
const LARGEST = 1e290;

type Container = unknown[] | Record<string, unknown>;

/** The containers that have a number which a double may not hold, and of which nobody has asked for any. */
const unread = new WeakMap<object, Unread>();

/**
 * The value itself. The numbers of a list or an object of a JSON text are as they are written only from here on; those
 * within its parts wait for their turn.
 */
export function read<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const part = unread.get(value);
  if (part) {
    unread.delete(value);
    part.text.correct(value as Container, part.number);
  }
  return value;
}

/**
 * A text of JSON of which JSON.parse has read the rest. It is gone over once, to find the lists and objects that have a
 * number which a double may not hold; each is gone over again when it is asked for. So a key of one small part costs
 * what it costs to look for quotes, digits and brackets, whatever else is in the text.
 */
export class JsonText {
  // Of each risky container, outer ones first: where it begins, where it ends, and which comes after all within it.
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #afters: number[] = [];

  constructor(readonly json: string) {}

  /** What JSON.parse has made of the text, but for its numbers. */
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
    // How many of the open ones, from the outermost, are known to be risky.
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
          // None within it is risky either, so it is the last.
          this.#starts.pop();
          this.#ends.pop();
          this.#afters.pop();
        }
      }
    }
  }

  /** Puts into a container what its part of the text says, where JSON.parse may have rounded it. */
  correct(container: Container, number: number): void {
    const put = (name: string | number, value: unknown) => {
      const at = container as Record<string | number, unknown>;
      if (value instanceof Unread) unread.set(at[name] as object, value);
      // It has the name already, so that not even `__proto__` is anything but a property.
      else at[name] = value;
    };
    const corrected = Array.isArray(container) ? new Elements(put) : new Properties(put, this.json);
    const { json } = this;
    const end = (this.#ends[number] as number) - 1;
    let within = number + 1;
    for (let at = (this.#starts[number] as number) + 1; at < end; at += 1) {
      const code = json.charCodeAt(at);
      if (code === COMMA) {
        corrected.next();
      } else if (code === QUOTE) {
        const end = endOfString(json, at);
        corrected.sees(at, end);
        at = end - 1;
      } else if (isNumber(code)) {
        const digits = endOfDigits(json, at);
        const end = endOfNumber(json, digits);
        if (isRisky(json, at, digits)) corrected.put(exactly(json.slice(at, end)));
        at = end - 1;
      } else if (isOpening(code)) {
        if (this.#starts[within] === at) {
          corrected.put(new Unread(this, within));
          at = (this.#ends[within] as number) - 1;
          within = this.#afters[within] as number;
        } else {
          at = endOfContainer(json, at) - 1;
        }
      }
    }
    corrected.finish();
  }
}

function exactly(written: string): number | ExactNumber {
  const size = written.length > SAFE_LENGTH ? 0 : Math.abs(Number(written));
  return size > SMALLEST && size < LARGEST ? Number(written) : new ExactNumber(written);
}

/** Where the text of a container is. */
class Unread {
  constructor(
    readonly text: JsonText,
    readonly number: number,
  ) {}
}
