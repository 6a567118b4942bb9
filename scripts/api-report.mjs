// The public face as declarations, one file per export in spec/package/api/. `npm run api` writes them; with --check it fails
// where they differ, so that no change of the face goes unnoticed.
//
// Not by api-extractor: it brings a compiler of its own, which is not the one that makes these declarations, and takes longer
// to install than everything else here.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const types = join(root, 'dist/esm');
const [elsewhere] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const reports = elsewhere ?? join(root, 'spec/package/api');

/** What a file of declarations has: its names, where it has others from, and what it passes on. */
function read(file, files) {
  if (files.has(file)) return files.get(file);
  const known = { declared: new Map(), imported: new Map(), passedOn: [] };
  files.set(file, known);
  const at = (path) => join(dirname(file), path.replace(/\.js$/, '.d.ts'));
  for (const statement of statementsOf(withoutComments(readFileSync(file, 'utf8')))) {
    const [, names, from] =
      /^(?:import|export)(?: type)? (\{[\s\S]*\}|\*) from ['"]([^'"]+)['"]/.exec(statement) ?? [];
    if (from?.startsWith('.')) {
      if (names === '*') known.passedOn.push(at(from));
      for (const [, name, alias = name] of names.matchAll(/(?:type )?(\w+)(?: as (\w+))?[,\s}]/g)) {
        if (name !== 'type') known.imported.set(alias, { file: at(from), name });
      }
    }
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|enum) (\w+)/.exec(
        statement,
      )?.[1];
    if (name) known.declared.set(name, [...(known.declared.get(name) ?? []), statement]);
  }
  return known;
}

// Each begins at the margin, and what belongs to it is indented, or closes it.
function statementsOf(text) {
  return text.split(/\n(?=[a-z])/).map((statement) => statement.trim());
}

/** The names that an entry exports, and every declaration that is reached from them. */
function report(entry) {
  const files = new Map();
  const reached = new Map();
  const visit = (file, name) => {
    const { declared, imported, passedOn } = read(file, files);
    const from = imported.get(name);
    if (from) return visit(from.file, from.name);
    const statements = declared.get(name);
    if (!statements) {
      for (const one of passedOn) visit(one, name);
      return undefined;
    }
    const key = `${name} ${relative(types, file).replace(/\.d\.ts$/, '')}`;
    if (reached.has(key)) return undefined;
    reached.set(key, statements.join('\n'));
    const words = new Set(statements.join(' ').match(/\b[A-Za-z_]\w*/g));
    for (const word of words) if (declared.has(word) || imported.has(word)) visit(file, word);
  };
  const exported = new Set(namesOf(entry, files));
  for (const name of exported) visit(entry, name);
  const parts = [...reached].sort(([one], [other]) => (one < other ? -1 : 1));
  const isExported = (key) => exported.has(key.split(' ')[0]);
  const list = (some) => some.map(([, text]) => `${text}\n`).join('\n');
  return `${list(parts.filter(([key]) => isExported(key)))}\n// Not exported, and part of the above.\n\n${list(parts.filter(([key]) => !isExported(key)))}`;
}

function namesOf(entry, files) {
  const { declared, imported, passedOn } = read(entry, files);
  const own = [...declared].filter(([, [statement]]) => statement.startsWith('export'));
  return [
    ...own.map(([name]) => name),
    ...imported.keys(),
    ...passedOn.flatMap((one) => namesOf(one, files)),
  ];
}

// What a docstring says is no part of the face, and private members have no type outside.
function withoutComments(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*(?:#private;|private .*;)$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim();
}

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(exports)
  .filter(([, conditions]) => conditions.import !== undefined)
  .map(([name, conditions]) => [
    name === '.' ? 'retrysafe' : `retrysafe-${name.slice(2).replaceAll('/', '-')}`,
    join(root, conditions.import.types),
  ]);
if (!existsSync(types)) {
  console.error('There is no dist/; run `npm run build` before.');
  process.exit(1);
}
const made = new Map(entries.map(([name, entry]) => [`${name}.d.ts.txt`, report(entry)]));

if (process.argv.includes('--check')) {
  const kept = existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith('.d.ts.txt')) : [];
  const names = new Set([...kept, ...made.keys()]);
  const changed = [...names].filter((name) => {
    const file = join(reports, name);
    return !existsSync(file) || readFileSync(file, 'utf8') !== made.get(name);
  });
  if (changed.length > 0) {
    console.error(
      `The public face has changed: ${changed.join(', ')}. Where that is meant, run \`npm run api\`, and tell of it in CHANGELOG.md.`,
    );
    process.exit(1);
  }
  console.log(`The public face is as spec/package/api/ says: ${made.size} exports.`);
} else {
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  for (const [name, text] of made) writeFileSync(join(reports, name), text);
}
