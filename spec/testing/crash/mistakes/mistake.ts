import type { CrashTestOptions } from 'retrysafe/testing';

/** A mistake that teams make: a service that has it, and the same one without. */
export interface Mistake {
  /** What is wrong, as the title of a test. */
  readonly title: string;
  readonly test: (variant: 'wrong' | 'right') => CrashTestOptions<unknown, unknown>;
  /** What the diagnosis of the wrong one has to say. */
  readonly tells: RegExp;
}

/** Keeps the types of a test's own parts between them. */
export function mistake<Made, Started = Made>(
  title: string,
  tells: RegExp,
  test: (isWrong: boolean) => CrashTestOptions<Made, Started>,
): Mistake {
  return {
    title,
    tells,
    test: (variant) => {
      const options = test(variant === 'wrong') as unknown as CrashTestOptions<unknown, unknown>;
      return { ...options, calls: alike(options.calls) };
    },
  };
}

/** Calls that are written alike are one function: they have the same variables here, and so it does not matter which begins first. */
function alike<Call>(calls: readonly Call[]): Call[] {
  return calls.map((call) => calls.find((other) => String(other) === String(call)) as Call);
}

/** What is asked for in most of them. */
export interface Order {
  readonly id: string;
  readonly cents: number;
}

export const order: Order = { id: 'P-1', cents: 5_000 };

/** A bank that places each key once, as it should be; without keys it places whatever it is asked for. */
export class Bank {
  readonly holds: { readonly key: string; readonly order: Order }[] = [];

  place(key: string, of: Order): string {
    const known = this.holds.findIndex((hold) => hold.key === key);
    if (known >= 0) return `H-${known + 1}`;
    this.holds.push({ key, order: of });
    return `H-${this.holds.length}`;
  }

  find(key: string): string | undefined {
    const known = this.holds.findIndex((hold) => hold.key === key);
    return known < 0 ? undefined : `H-${known + 1}`;
  }
}
