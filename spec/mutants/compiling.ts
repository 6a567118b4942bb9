import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { copies, type PackageCopy, root } from './package-copy.js';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/**
 * What the compiler has to say about the sources that differ, of all copies at once: a flaw that does not compile is none
 * that a library could have. Each is seen as if it stood in `lib/`.
 */
export function compileFaults(all: readonly PackageCopy[], name = 'all'): string[] {
  const sources = all.map(({ folder }) => join(folder, 'lib'));
  const project = join(copies, `tsconfig.${name}.json`);
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: root,
        rootDirs: [join(root, 'lib'), ...sources],
        typeRoots: [join(root, 'node_modules/@types')],
        noEmit: true,
        // What is left out of a flawed library may have been used there only.
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: sources,
    }),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], {
    cwd: root,
    encoding: 'utf8',
  });
  rmSync(project);
  if (status === 0) return [];
  const faults = stdout.split('\n').filter((line) => /error TS\d+/.test(line));
  return faults.length > 0
    ? faults.map((line) => line.replace(`${relative(root, copies)}/`, ''))
    : [`the compiler ended with exit code ${status}: ${stderr}`];
}
