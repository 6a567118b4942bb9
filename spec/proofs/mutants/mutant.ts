import type { Checker } from './checkers.js';

/** Where sources are that a mutant may change: the library's, and those of the samples, which people copy. */
export const sourceFolders = ['lib', 'samples'] as const;
export type SourceFolder = (typeof sourceFolders)[number];

/** One change of a source file. */
export interface Change {
  /** Below the project's root. */
  readonly file: `${SourceFolder}/${string}.ts`;
  /** Stands in the file exactly once. */
  readonly replace: string;
  readonly by: string;
}

/** The library with a flaw. */
export interface Mutant {
  readonly name: string;
  /** What such a library does wrong, in one sentence. */
  readonly flaw: string;
  /** Whether nothing caught it when it was first tried, so that a spec was written or mended for it. */
  readonly survivedAtFirst?: true;
  /** The least version of Node.js on which what catches it runs. On an older one it is no choice of `--every`. Default: any. */
  readonly needsNode?: number;
  readonly changes: readonly [Change, ...Change[]];
  /** Each of them catches it; the first that can run here is asked. */
  readonly caughtBy: readonly [Checker, ...Checker[]];
}

/** What says that a mutant has to be written anew: the library has changed since. */
export class OutOfDate extends Error {}

/**
 * The changed text of every file that a mutant changes.
 *
 * @throws {OutOfDate} where what it replaces is not there exactly once.
 */
export function mutated({ name, changes }: Mutant, read: (file: string) => string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { file, replace, by } of changes) {
    const parts = (texts.get(file) ?? read(file)).split(replace);
    if (parts.length !== 2) {
      throw new OutOfDate(
        `the mutant ${name} is out of date: what it replaces stands ${parts.length - 1} times in ${file}, and should stand there once:\n${replace}`,
      );
    }
    texts.set(file, parts.join(by));
  }
  return texts;
}
