import { availableParallelism } from 'node:os';
import { optionsGiven, WrongOption, wholeNumber } from '../../support/command-line.js';
import type { Mutant } from './mutant.js';

export interface Options {
  readonly mutants: readonly Mutant[];
  /** Every checker on every mutant, and not just what each of them declares until one catches it. */
  readonly thorough: boolean;
  /** How many processes run at a time. */
  readonly jobs: number;
  readonly report?: string;
  /** Of so many checkers one is run on the library as it is: other ones in each run of CI, whose specs have just run all. */
  readonly controlEvery: number;
  /** Of so many mutants one is tried: other ones in each run of CI. */
  readonly every: number;
  /** Tries nothing, and lists the functions that no mutant changes. */
  readonly untouched: boolean;
}

/** @throws {WrongOption} */
export function optionsOf(args: readonly string[], all: readonly Mutant[]): Options {
  const {
    only,
    thorough,
    jobs,
    report,
    untouched,
    every,
    'control-every': controlEvery,
  } = optionsGiven(
    {
      only: { type: 'string', multiple: true, default: [] },
      thorough: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      report: { type: 'string' },
      untouched: { type: 'boolean', default: false },
      every: { type: 'string', default: '1' },
      'control-every': { type: 'string', default: '1' },
    },
    args,
  );
  const names = new Set(all.map(({ name }) => name));
  const unknown = only.find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new WrongOption(`--only=${unknown} names no mutant; expected one of ${[...names].join(', ')}`);
  }
  return {
    mutants: only.length > 0 ? all.filter(({ name }) => only.includes(name)) : all,
    thorough,
    untouched,
    every: wholeNumber('every', every, { least: 1 }),
    controlEvery: wholeNumber('control-every', controlEvery, { least: 1 }),
    jobs: wholeNumber('jobs', jobs, { least: 1, most: availableParallelism() * 4 }),
    ...(report !== undefined && { report }),
  };
}
