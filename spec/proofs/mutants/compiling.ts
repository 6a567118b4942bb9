import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { type SourceFolder, sourceFolders } from './mutant.js';
import { copies, type PackageCopy, root } from './package-copy.js';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/**
 * What the compiler has to say about the sources that differ, of all copies at once: a flaw that does not compile is none
 * that a library could have. Each is seen as if it stood in its own folder.
 */
export function compileFaults(all: readonly PackageCopy[]): string[] {
  return sourceFolders.flatMap((folder) => {
    const differing = all.filter(({ sources }) =>
      [...sources.keys()].some((file) => file.startsWith(`${folder}/`)),
    );
    return differing.length === 0 ? [] : faultsIn(folder, differing);
  });
}

/** What each folder is compiled with. */
const projects: Record<SourceFolder, string> = { lib: 'tsconfig.json', samples: 'samples/tsconfig.json' };

function faultsIn(folder: SourceFolder, differing: readonly PackageCopy[]): string[] {
  const sources = differing.map((copy) => join(copy.folder, folder));
  const project = join(copies, `tsconfig.${folder}.json`);
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, projects[folder]),
      compilerOptions: {
        rootDir: root,
        rootDirs: [join(root, folder), ...sources],
        typeRoots: [join(root, 'node_modules/@types')],
        noEmit: true,
        // What is left out of a flawed library may have been used there only.
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: sources,
      exclude: [],
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
