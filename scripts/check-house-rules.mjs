// Checks the rules of lib/ that no linter knows. Each is one line of `rules`; see CONTRIBUTING.md for the reasons.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledLibraries, inlined } from './bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'lib');
const maxLines = 200;
const emptyNames = /^(utils?|helpers?|common|base|managers?)\b|[-.](utils?|helpers?|managers?)\b/i;

const files = readdirSync(lib, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => describe(join(entry.parentPath, entry.name)));
const byPath = new Map(files.map((file) => [file.path, file]));
const fromRoot = reachable('index.ts');

const rules = {
  [`has at most ${maxLines} lines`]: ({ lines }) => (lines > maxLines ? `it has ${lines}` : undefined),
  'has a name that says what is inside': ({ path }) =>
    path.split('/').find((part) => emptyNames.test(basename(part, '.ts'))),
  'uses global timers only, which fake timers can see': ({ imports }) =>
    imports.find(({ from }) => /^(node:)?timers(\/|$)/.test(from))?.from,
  'never uses nextTick, which hangs asynchronous zlib when it is faked': ({ code }) =>
    code.match(/\bnextTick\b/)?.[0],
  'loads only Node.js itself, our dependencies, and what is bundled by its one door': (file) =>
    file.path.startsWith('stores/') && !fromRoot.has(file.path)
      ? undefined
      : file.imports.find(({ from, typeOnly }) => !typeOnly && !isRelative(from) && !isAllowed(from, file))
          ?.from,
  'leaves node:util alone, which takes milliseconds to load: node:util/types, or process.getBuiltinModule where needed':
    ({ imports }) => imports.find(({ from, typeOnly }) => !typeOnly && from === 'node:util')?.from,
  'of a store imports only the interface, the errors, what stores share, and its own folder': ({
    path,
    imports,
  }) => {
    const up = path.startsWith('stores/') ? '../'.repeat(path.split('/').length - 1) : undefined;
    const mayImport = (from) =>
      [
        'record/persistence-store',
        'errors',
        'options/synchronous',
        'options/wrong-option',
        'process/timers',
      ].some((name) => from === `${up}${name}.js`) || /^(\.\.?\/)+(clients\/|shared\/)?[^/]+$/.test(from);
    return up && imports.find(({ from }) => isRelative(from) && !mayImport(from))?.from;
  },
};

function describe(file) {
  const text = readFileSync(file, 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const statements = code.matchAll(
    /^(?:import|export)\b(\s+type\b)?(?:[\s\w{},*$]*?\bfrom)?\s*['"]([^'"]+)['"]/gm,
  );
  const calls = code.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g);
  return {
    path: relative(lib, file).split(sep).join('/'),
    lines: text.replace(/\n$/, '').split('\n').length,
    code,
    imports: [
      ...[...statements].map(([, type, from]) => ({ from, typeOnly: type !== undefined })),
      ...[...calls].map(([, from]) => ({ from, typeOnly: false })),
    ],
  };
}

function isRelative(from) {
  return from.startsWith('.');
}

function isAllowed(from, { path }) {
  return from.startsWith('node:') || inlined.includes(from) || path === `${bundledLibraries[from]}.ts`;
}

/** Lists the files that are loaded at run time by the one named. */
function reachable(path, seen = new Set()) {
  const file = byPath.get(path);
  if (!file || seen.has(path)) return seen;
  seen.add(path);
  for (const { from, typeOnly } of file.imports) {
    if (isRelative(from) && !typeOnly) {
      reachable(
        normalize(join(dirname(path), from))
          .split(sep)
          .join('/')
          .replace(/\.js$/, '.ts'),
        seen,
      );
    }
  }
  return seen;
}

let broken = 0;
for (const file of files) {
  for (const [rule, check] of Object.entries(rules)) {
    const fault = check(file);
    if (fault === undefined) continue;
    broken += 1;
    console.error(`lib/${file.path}: each file here ${rule}: ${fault}`);
  }
}
console.log(`House rules: ${files.length} files, ${Object.keys(rules).length} rules, ${broken} broken.`);
process.exitCode = broken === 0 ? 0 : 1;
