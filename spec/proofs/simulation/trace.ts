import type { IdempotencyRecord } from 'retrysafe';

/** What happened in a history, line by line, for reading; and the same for the same seed, although tokens are chanced. */
export class Trace {
  readonly lines: string[] = [];
  readonly #owners = new Map<string, string>();

  constructor(
    /** Without it nothing is noted, which is faster. */
    readonly isKept: boolean,
    readonly now: () => number,
  ) {}

  note(where: string, what: () => string): void {
    if (!this.isKept) return;
    const seconds = (this.now() / 1_000).toFixed(3).padStart(9);
    this.lines.push(`${seconds}  ${where.padEnd(9)} ${what()}`);
  }

  /** A token with a letter in place of its owner. */
  token(token: string): string {
    if (!this.isKept) return '';
    const dot = token.lastIndexOf('.');
    const owner = token.slice(0, dot);
    const name = this.#owners.get(owner) ?? letters(this.#owners.size);
    this.#owners.set(owner, name);
    return `${name}${token.slice(dot)}`;
  }

  answer(answer: { readonly value: unknown } | { readonly fault: unknown }): string {
    if ('fault' in answer) return `fails, ${String((answer.fault as Error)?.message)}`;
    const record = answer.value as Partial<IdempotencyRecord> | undefined;
    if (record === undefined) return 'nothing';
    if (typeof record?.token !== 'string') return String(record);
    return `${this.token(record.token)} (${record.state?.status ?? 'unreadable'})`;
  }
}

/** A, B … Z, AA, AB … */
function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`;
}
