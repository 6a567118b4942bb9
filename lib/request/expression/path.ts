import { withExactNumbers } from '../../values/json/exact-json.js';
import { ExactNumber } from '../../values/json/exact-number.js';
import { lookUpHeader } from '../events/header.js';

/** Selects from `value`, which is the document or a part of it. */
type Select = (value: unknown, document: unknown) => unknown;

// A name, a quoted name, a text, an index or a punctuation mark, with the space around it that JMESPath allows.
const token = /[ \t\n\r]*(?:[A-Za-z_]\w*|"(?:\\.|[^"\\])*"|'[^'\\]*'|-?\d{1,9}|[.,:@()[\]{}])[ \t\n\r]*/gy;

/**
 * Compiles an expression that is a plain path: names, indexes, `header('…')`, and lists and hashes of plain paths. The
 * result selects exactly what JMESPath would. Returns nothing for any other expression, valid or not.
 */
export function compilePath(text: string): ((document: unknown) => unknown) | undefined {
  // Most expressions are names alone. This is fast, since the definition of a class waits for it.
  if (/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(text)) {
    const select = text.split('.').map(field).reduce(chain);
    return (document) => select(document, document);
  }
  const tokens = text.match(token) ?? [];
  if (tokens.join('') !== text) return undefined;
  const reader = new PathReader(tokens.map((one) => one.trim()));
  const select = reader.path();
  return select && reader.isAtEnd ? (document) => select(document, document) : undefined;
}

/** Reads paths from tokens. Each method returns nothing where the next tokens are no such thing. */
class PathReader {
  #at = 0;

  constructor(readonly tokens: readonly string[]) {}

  get isAtEnd(): boolean {
    return this.#at === this.tokens.length;
  }

  path(): Select | undefined {
    let select = this.#start();
    while (select && (this.#isNext('.') || this.#isNext('['))) {
      const step = this.#takes('.') ? this.#field() || this.#list() || this.#hash() : this.#index();
      select = step && chain(select, step);
    }
    return select;
  }

  #start(): Select | undefined {
    if (this.#takes('@')) return (value) => value;
    return this.#header() ?? this.#field() ?? this.#index() ?? this.#list() ?? this.#hash();
  }

  #header(): Select | undefined {
    const [name, open, text, close] = this.tokens.slice(this.#at, this.#at + 4);
    if (name !== 'header' || open !== '(' || !text?.startsWith("'") || close !== ')') return undefined;
    this.#at += 4;
    const wanted = text.slice(1, -1);
    return (_, document) => lookUpHeader(document, wanted);
  }

  #field(): Select | undefined {
    const name = this.#name();
    return name === undefined ? undefined : field(name);
  }

  #index(): Select | undefined {
    const [open, digits, close] = this.tokens.slice(this.#at, this.#at + 3);
    const index = Number(digits);
    if (open !== '[' || close !== ']' || Number.isNaN(index)) return undefined;
    this.#at += 3;
    return (value) =>
      Array.isArray(value)
        ? (withExactNumbers(value)[index < 0 ? value.length + index : index] ?? null)
        : null;
  }

  #list(): Select | undefined {
    if (!this.#takes('[')) return undefined;
    const parts: Select[] = [];
    do {
      const part = this.path();
      if (!part) return undefined;
      parts.push(part);
    } while (this.#takes(','));
    return this.#takes(']') ? (value, document) => parts.map((part) => part(value, document)) : undefined;
  }

  #hash(): Select | undefined {
    if (!this.#takes('{')) return undefined;
    const parts: [string, Select][] = [];
    do {
      const name = this.#name();
      const part = name !== undefined && this.#takes(':') && this.path();
      if (!part) return undefined;
      parts.push([name, part]);
    } while (this.#takes(','));
    if (!this.#takes('}')) return undefined;
    return (value, document) => {
      const hash: Record<string, unknown> = {};
      for (const [name, part] of parts) hash[name] = part(value, document);
      return hash;
    };
  }

  #name(): string | undefined {
    const next = this.tokens[this.#at] ?? '';
    const name = next.startsWith('"') ? unquoted(next) : next.match(/^[A-Za-z_]\w*$/)?.[0];
    if (name !== undefined) this.#at += 1;
    return name;
  }

  #isNext(mark: string): boolean {
    return this.tokens[this.#at] === mark;
  }

  #takes(mark: string): boolean {
    const isThere = this.#isNext(mark);
    if (isThere) this.#at += 1;
    return isThere;
  }
}

// Inherited properties are selected, too, as in JMESPath.
function field(name: string): Select {
  return (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
      ? ((withExactNumbers(value) as Record<string, unknown>)[name] ?? null)
      : null;
}

function chain(first: Select, second: Select): Select {
  return (value, document) => {
    const part = first(value, document);
    return part === null || part === undefined ? null : second(part, document);
  };
}

function unquoted(name: string): string | undefined {
  try {
    return JSON.parse(name) as string;
  } catch {
    return undefined;
  }
}
