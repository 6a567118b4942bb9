import type { CallState } from './checker.js';
import type { Method } from './history.js';
import { Amount } from './operation.js';

/** What a run produced: a value to return, or an error that may be an outcome; or what an operator gave in its place. */
export interface Result {
  /** In the value or the message, so that it is found again in a record, however that is encoded. */
  readonly mark: string;
  readonly key: string;
  /** Of which call, if it is not an operator's. */
  readonly call: CallState | undefined;
  readonly content: { readonly value: unknown } | { readonly error: Error };
}

/** The mark in a text, if there is one. */
export function markIn(text: string): string | undefined {
  return /result \d+;/.exec(text)?.[0];
}

/** A value with the mark, of the kind that the method returns. */
export function valueWith(mark: string, kind: Method['result'], usesCodec: boolean): unknown {
  switch (kind) {
    case 'plain':
      return { mark, lines: [{ amount: 2.5 }, { amount: 1 }] };
    case 'rich': {
      const rich = {
        mark,
        total: 12n ** 20n,
        byName: new Map([['a', new Amount(1n, 'EUR')]]),
        tags: new Set(['x', 'y']),
      };
      // What the codec of the application does not know is none of the library's concern.
      return usesCodec ? rich : { ...rich, at: new Date(mark.length), nothing: undefined, ratio: Number.NaN };
    }
    case 'large':
      return { mark, text: 'x'.repeat(4_000) };
    case 'unstorable':
      return { mark, cancel: () => mark };
  }
}
