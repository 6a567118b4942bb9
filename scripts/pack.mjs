// Packs what dist/ holds now into .build/package and returns the tarball's path.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packs the package as `npm publish` would, and returns the tarball and the files inside it. */
export function pack() {
  const folder = join(root, '.build/package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  const report = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  // npm 12 and later key the report by package name.
  const [packed] = Object.values(report);
  return {
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
    size: packed.size,
  };
}
