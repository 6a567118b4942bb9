// Checks the public face against its report, packs the package and checks the tarball: what is inside, `attw` in every resolution mode, `publint --strict`.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledPackages, licenceOf } from './bundle.mjs';
import { pack } from './pack.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const faults = [];

function run(title, command, ...args) {
  console.log(`\n${title}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) faults.push(`${title} failed.`);
}

// These tools bring sixty packages, which nothing else needs: so they are a project of their own.
const tools = join(root, 'spec/package/checks');
run('install attw and publint', 'npm', 'install', '--prefix', tools, '--no-save', '--no-audit', '--no-fund');
run('build', process.execPath, 'scripts/build.mjs');
run('api report', process.execPath, 'scripts/api-report.mjs', '--check');
const { tarball, files, size } = pack();
const documents = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'UPGRADING.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => /\.(md|png)$/.test(name))
    .map((name) => join('docs', name)),
];
const licences = bundledPackages.map((name) => `dist/${licenceOf(name)}`);
const expected = [...documents, ...licences, 'LICENSE', 'package.json', 'dist/cjs/package.json'];
for (const file of expected) if (!files.includes(file)) faults.push(`${file} is not in the tarball.`);
const stray = files.filter((file) => !/^(dist|lib|samples)\//.test(file) && !expected.includes(file));
if (stray.length > 0) faults.push(`The tarball has files that it should not have: ${stray.join(', ')}`);
// A document in the package leads only to what is in the package.
for (const file of files.filter((name) => name.endsWith('.md'))) {
  const prose = readFileSync(join(root, file), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  for (const [, target] of prose.matchAll(/\]\(([^)\s#]+)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const path = join(dirname(file), target).replace(/\/$/, '');
    if (!files.some((name) => name === path || name.startsWith(`${path}/`))) {
      faults.push(`${file} links to ${path}, which is not in the tarball.`);
    }
  }
}
for (const file of files.filter((name) => name.endsWith('.map'))) {
  for (const source of JSON.parse(readFileSync(join(root, file), 'utf8')).sources) {
    const path = join(dirname(file), source);
    // The libraries that are bundled have their sources elsewhere.
    if (bundledPackages.some((name) => path.startsWith(`node_modules/${name}/`))) continue;
    if (!files.includes(path)) faults.push(`${file} points to ${path}, which is not in the tarball.`);
  }
}
console.log(`\ntarball: ${files.length} files, ${(size / 1024).toFixed(0)} kB`);

run('attw', join(tools, 'node_modules/.bin/attw'), tarball, ...(process.stdout.isTTY ? [] : ['--no-color']));
run('publint --strict', join(tools, 'node_modules/.bin/publint'), 'run', tarball, '--strict');

for (const fault of faults) console.error(fault);
console.log(`Package: ${faults.length === 0 ? 'no findings' : `${faults.length} findings`}.`);
process.exitCode = faults.length === 0 ? 0 : 1;
