// Runs every proof, one after another, and writes docs/evidence.md from their reports. Exits with 1 where a proof found a
// fault; the document then says so.
//
//   npm run evidence [-- --seed=N] [--only=model,specification,simulation,mutants,torture,hostile,soak] [--from=<folder>]
//
// With `--only`, the other parts of the document stay as they are. With `--from`, nothing runs: the reports are in that
// folder, such as those of `.ci/run` in .build/evidence.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(root, 'docs/evidence.md');

/** In the order of the document: what each proof is run with. */
const proofs = {
  model: () => [],
  specification: () => [],
  simulation: (seed) => ['--runs=10000', `--seed=${seed}`],
  mutants: () => [],
  torture: (seed) => ['--seconds=120', `--seed=${seed}`],
  hostile: (seed) => [`--seed=${seed}`],
  soak: () => ['--minutes=2'],
};

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    only: { type: 'string', default: Object.keys(proofs).join() },
    from: { type: 'string' },
  },
});
const chosen = values.only.split(',');
const unknown = chosen.find((name) => !(name in proofs));
if (unknown !== undefined) {
  console.error(`--only=${unknown}: expected a list of ${Object.keys(proofs).join(', ')}.`);
  process.exit(2);
}
if (!/^\d+$/.test(values.seed)) {
  console.error('--seed: expected a whole number.');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'retrysafe-evidence-'));
const commit = git('rev-parse', '--short', 'HEAD');
const state =
  git('status', '--porcelain', '--', 'lib', 'spec') === '' ? '' : ', with changes that are not committed';
const old = existsSync(document) ? readFileSync(document, 'utf8') : '';
const parts = [];
let isBuilt = false;
for (const [name, options] of Object.entries(proofs)) {
  if (!chosen.includes(name)) {
    parts.push(old.match(marked(name, '[\\s\\S]*?'))?.[0]);
    continue;
  }
  const file = join(values.from ?? folder, name);
  const status = values.from === undefined ? run(name, options(values.seed), file) : 0;
  const day = new Date().toISOString().slice(0, 10);
  const facts = `${day}, commit ${commit}${state}, Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ${availableParallelism()} processors`;
  const text = existsSync(file)
    ? readFileSync(file, 'utf8')
    : `## ${name}\n\nThe proof ended without a report.\n`;
  if (status !== 0) process.exitCode = 1;
  const failure = status === 0 ? '' : `\n**The proof found a fault (exit code ${status}).**\n`;
  parts.push(`<!-- ${name} -->\n${text.trim()}\n${failure}\n_${facts}._\n<!-- /${name} -->`);
}
rmSync(folder, { recursive: true });
writeFileSync(
  document,
  `# Evidence

What was tested against the promises of [guarantees.md](guarantees.md), and what was found. \`npm run evidence\` writes this document.
Each part names the command that repeats it, its seed, and the commit that was tested. CI runs all of it with
its own seeds, some of it for a shorter time.

${parts.filter(Boolean).join('\n\n')}
`,
);

/** Runs a proof, which reports to `file`, and returns its exit code. */
function run(name, options, file) {
  const built = isBuilt ? ['--no-build'] : [];
  isBuilt = true;
  const args = ['scripts/run-proof.mjs', name, ...built, ...options, `--report=${file}`];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status;
}

function marked(name, inside) {
  return new RegExp(`<!-- ${name} -->${inside}<!-- /${name} -->`);
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
