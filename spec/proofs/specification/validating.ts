import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { compiled, type Sources, sourcesOf } from './spin.js';

/** A trace that the specification does not allow, and the first event that it has no step for. */
export interface Rejection {
  readonly trace: string;
  /** Counted from 1. */
  readonly event: number;
  /** `no step`, or the guarantee that the step would break. */
  readonly why: string;
}

export interface Validation {
  readonly traces: number;
  readonly steps: number;
  readonly seconds: number;
  readonly rejections: readonly Rejection[];
}

/** Returns the program that reads traces. It is made where there is none yet. */
export function prepared(sources: Sources = sourcesOf('trace')): string {
  return compiled({ model: 'trace', sources, constants: {}, options: ['-O2', '-DVECTORSZ=32768'] });
}

/**
 * Validates traces, one after the other in one text. Each event of a trace has to be a step of the specification.
 *
 * @throws {Error} where spin is missing, or does not read all of them.
 */
export function validate(text: string, sources: Sources = sourcesOf('trace')): Validation {
  const program = prepared(sources);
  const from = performance.now();
  const { stdout, status } = spawnSync(program, ['-n', '-m100', '-w10'], {
    // It writes a trail beside it where a trace is not allowed.
    cwd: dirname(program),
    input: text,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const lines = stdout.split('\n').map((line) => line.split('\t'));
  const [, traces, steps] = lines.find(([word]) => word === 'READ') ?? [];
  if (traces === undefined || status !== 0)
    throw new Error(`the traces were not read to their end:\n${stdout}`);
  return {
    traces: Number(traces),
    steps: Number(steps),
    seconds: (performance.now() - from) / 1_000,
    rejections: lines
      .filter(([word]) => word === 'REJECTED')
      .map(([, trace = '', event, why = '']) => ({ trace, event: Number(event), why })),
  };
}
