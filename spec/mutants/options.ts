import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Mutant } from './mutant.js';

export interface Options {
  readonly mutants: readonly Mutant[];
  /** Every checker on every mutant, and not just what each of them declares until one catches it. */
  readonly thorough: boolean;
  /** How many processes run at a time. */
  readonly jobs: number;
  readonly report?: string;
}

/** What is wrong with an option, and what would be right. */
export class WrongOption extends Error {}

/** @throws {WrongOption} */
export function optionsOf(args: readonly string[], all: readonly Mutant[]): Options {
  const { only = [], thorough = false, jobs = '2', report } = parsed(args);
  const names = new Set(all.map(({ name }) => name));
  const unknown = only.find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new WrongOption(
      `--only=${unknown} names no mutant; right would be one of ${[...names].join(', ')}`,
    );
  }
  const most = availableParallelism() * 4;
  if (!(/^\d+$/.test(jobs) && Number(jobs) >= 1 && Number(jobs) <= most)) {
    throw new WrongOption(`--jobs=${jobs} is no number of processes; right would be 1 to ${most}`);
  }
  return {
    mutants: only.length > 0 ? all.filter(({ name }) => only.includes(name)) : all,
    thorough,
    jobs: Number(jobs),
    ...(report !== undefined && { report }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        thorough: { type: 'boolean' },
        jobs: { type: 'string' },
        report: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new WrongOption(
      `${(error as Error).message}\nOptions: --only=<name of a mutant>, which may stand more than once, --thorough, --jobs=<number>, --report=<file>`,
    );
  }
}
