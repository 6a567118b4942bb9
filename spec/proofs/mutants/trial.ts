import { type Checker, type Finding, nameOf } from './checkers.js';
import { check, isThere } from './checking.js';
import type { Mutant } from './mutant.js';
import type { PackageCopy } from './package-copy.js';

/** A mutant, and what the checkers found about it. */
export interface Trial {
  readonly mutant: Mutant;
  readonly findings: readonly { readonly checker: string; readonly finding: Finding }[];
}

export type Verdict = 'caught' | 'SURVIVED' | 'PENDING' | 'BROKEN';

/**
 * Runs the checkers on a mutant, one after the other. Unless it is `thorough`, none runs after the first that
 * catches it.
 */
export async function tried(
  mutant: Mutant,
  copy: PackageCopy,
  checkers: readonly Checker[],
  { thorough }: { readonly thorough: boolean },
): Promise<Trial> {
  await copy.build();
  const findings: { readonly checker: string; readonly finding: Finding }[] = [];
  for (const [number, checker] of checkers.filter(isThere).entries()) {
    const finding = await check(copy, checker, { number });
    findings.push({ checker: nameOf(checker), finding });
    if (finding.kind === 'caught' && !thorough) break;
  }
  return { mutant, findings };
}

/** Whether a mutant was noticed. What is broken was not: it may be broken for the mutant's sake, or by itself. */
export function verdictOn({ findings }: Trial): Verdict {
  const kinds = findings.map(({ finding }) => finding.kind);
  if (kinds.includes('caught')) return 'caught';
  if (kinds.includes('broken')) return 'BROKEN';
  if (kinds.includes('pending') || kinds.length === 0) return 'PENDING';
  return 'SURVIVED';
}

/** All checkers that mutants declare, each spec file by itself. */
export function allCheckers(mutants: readonly Mutant[]): Checker[] {
  const all = new Map<string, Checker>();
  for (const checker of mutants.flatMap(({ caughtBy }) => caughtBy)) {
    const parts: readonly Checker[] =
      checker.kind === 'specs' ? checker.files.map((file) => ({ ...checker, files: [file] })) : [checker];
    for (const part of parts) all.set(nameOf(part), part);
  }
  return [...all.values()];
}
