import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Mutant, sourceFolders } from './mutant.js';
import { root, sourceOf } from './package-copy.js';

/** One function of a source file. */
export interface SourceFunction {
  readonly name: string;
  /** The first line and the last, counted from 1. */
  readonly from: number;
  readonly to: number;
}

// The formatter puts a function's head at the beginning of a line, and its last brace below the head. A method of an object
// in an object, such as a rule of a phase, begins two levels below.
const heads = [
  /^( *)(?:export )?(?:async )?function\*? ([\w$]+)/,
  /^( *)(?:export )?const ([\w$]+)(?:: [^=]+)? = (?:async )?\(.*=> (?:\{|\($)/,
  /^( {2})(?:(?:static|async|get|set|override|protected|private|abstract) )*(#?[\w$]+)(?:<.*>)?\((?:.*[{(])?$/,
  // Not a call with a function as its argument.
  /^( {4})(\w+)\((?!.*=>).*\{$/,
];
const statements = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'super']);

/** The functions of a formatted source, those of more than one line. */
export function functionsOf(source: string): SourceFunction[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    const [, indent, name] = heads.map((head) => head.exec(line)).find(Boolean) ?? [];
    if (indent === undefined || name === undefined || statements.has(name)) return [];
    const end = lines.findIndex((candidate, at) => at > index && candidate.startsWith(`${indent}}`));
    // A signature of an overload, or of an interface, has no body.
    return end < 0 || !hasBody(lines.slice(index, end + 1)) ? [] : [{ name, from: index + 1, to: end + 1 }];
  });
}

function hasBody(lines: readonly string[]): boolean {
  const head = lines.findIndex((line) => /[{;]$/.test(line));
  return head >= 0 && lines[head]?.endsWith('{') === true;
}

/** The functions of `source` in which none of `replaced` begins or ends, and which none of them goes around. */
export function untouchedIn(source: string, replaced: readonly string[]): SourceFunction[] {
  const ranges = replaced.map((text) => {
    const at = source.indexOf(text);
    const from = source.slice(0, at).split('\n').length;
    return { from, to: from + text.trimEnd().split('\n').length - 1 };
  });
  return functionsOf(source).filter(({ from, to }) =>
    ranges.every((range) => range.to < from || range.from > to),
  );
}

/** By file, the functions that no mutant changes. */
export function untouched(mutants: readonly Mutant[]): ReadonlyMap<string, readonly SourceFunction[]> {
  const changes = mutants.flatMap((mutant) => mutant.changes);
  const found = new Map<string, readonly SourceFunction[]>();
  for (const file of sourceFolders.flatMap(sourcesIn)) {
    const replaced = changes.filter((change) => change.file === file).map(({ replace }) => replace);
    const left = untouchedIn(sourceOf(file), replaced);
    if (left.length > 0) found.set(file, left);
  }
  return found;
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('node_modules'))
    .map((path) => `${folder}/${path}`)
    .sort();
}
