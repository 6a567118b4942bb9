/** What tells a flawed library from a sound one. */
export type Checker =
  /** A program of `spec/proofs/` that ends with exit code 1 and prints a violation: after `VIOLATION: `, or before how to repeat it. */
  | { readonly kind: 'proof'; readonly folder: string; readonly options: readonly string[] }
  /** Spec files below `spec/`, without their endings; where `only` is given, what of them has it in its title. */
  | { readonly kind: 'specs'; readonly files: readonly string[]; readonly only?: string };

/** Every order of every await of two callers, within the bound that a quick run has: a few seconds. */
export const model: Checker = {
  kind: 'proof',
  folder: 'model',
  options: ['--depth=quick', '--stop-at-first'],
};

/** Random histories of several processes and an unreliable network. */
export const simulation: Checker = {
  kind: 'proof',
  folder: 'simulation',
  options: ['--seed', '1', '--runs', '200', '--jobs', '1', '--validate-every', '0'],
};

export function specs(...files: readonly string[]): Checker {
  return { kind: 'specs', files };
}

/** Those tests of one spec file that have this in their titles. */
export function tests(file: string, only: string): Checker {
  return { kind: 'specs', files: [file], only };
}

/** What the contract and the engine's scenarios find on one line of the matrix of stores and clients. */
export function contract(line: string): Checker {
  return tests('stores/matrix/store-matrix', line);
}

export function nameOf(checker: Checker): string {
  if (checker.kind === 'proof') return checker.folder;
  return `${checker.files.join(', ')}${checker.only ? ` (${checker.only})` : ''}`;
}

/** What a checker says about a library. */
export type Finding =
  /** It is flawed: the violated invariants, or the titles of the tests that failed, and what was wrong. */
  | { readonly kind: 'caught'; readonly by: readonly string[]; readonly words: string }
  | { readonly kind: 'passed' }
  /** It did not come to check anything, which says nothing about the library. */
  | { readonly kind: 'broken' | 'pending'; readonly why: string };

/** What became of a process. */
export interface Ended {
  /** None where it was ended, since it went on for too long. */
  readonly code: number | null;
  readonly output: string;
}

/** Reads how a proof ended. */
export function proofFinding({ code, output }: Ended): Finding {
  if (code === 0) return { kind: 'passed' };
  const violation = /^VIOLATION: (.*)$/m.exec(output)?.[1] ?? /^(\S.*)\nnpm run /m.exec(output)?.[1];
  // A program that cannot start ends with the same code.
  if (code !== 1 || violation === undefined) return broken(code, output);
  const [invariant = '', ...more] = violation.split(': ');
  return { kind: 'caught', by: [invariant], words: more.join(': ') };
}

/** What mocha's reporter `json` writes, as far as it matters here. */
export interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number };
  readonly failures: readonly {
    readonly fullTitle: string;
    readonly file?: string;
    readonly err: { readonly message?: string; readonly name?: string; readonly stack?: string };
  }[];
}

/** An error of the mutant as a program, and not of what it does. */
const mistakes =
  /^(?:ReferenceError|SyntaxError)\b|^Error \[ERR_MODULE_NOT_FOUND\]|^AssertionError: what the compiler says/;

/** Reads how mocha ended. */
export function specsFinding(ended: Ended, report: MochaReport | undefined): Finding {
  if (!report) return broken(ended.code, ended.output);
  const { passes, failures } = report.stats;
  const mistake = report.failures.find(({ err }) => mistakes.test(err.stack ?? ''));
  if (mistake)
    return { kind: 'broken', why: `${mistake.fullTitle}: ${mistake.err.stack?.split('\n', 1)[0]}` };
  if (failures > 0) {
    const [first] = report.failures;
    return {
      kind: 'caught',
      by: report.failures.map(({ fullTitle }) => fullTitle),
      words: plain(first?.err.message ?? ''),
    };
  }
  if (passes === 0) return { kind: 'pending', why: 'no test ran' };
  return ended.code === 0 ? { kind: 'passed' } : broken(ended.code, ended.output);
}

/** Without what differs from machine to machine, and without the lines of both values where a test says what they are. */
function plain(message: string): string {
  const [what = ''] = message.split(/\n+\s*\+ actual - expected/);
  return (what.trim() || message).replace(/^(Timeout of \d+ms exceeded)\..*$/s, '$1');
}

function broken(code: number | null, output: string): Finding {
  const how = code === null ? 'it did not end in time' : `it ended with exit code ${code}`;
  const why = output.match(/^\w*Error\b.*$/m)?.[0] ?? output.trim().split('\n').at(-1);
  return { kind: 'broken', why: `${how}: ${why}` };
}
