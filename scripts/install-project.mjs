import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Installs a project of the specs: what only some of them need, so that `npm ci` does without it. What is loaded from there finds this
 * package by a link, as an application finds the one that it installed.
 */
export function installProject(folder) {
  const project = join(root, folder);
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: project,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  const modules = join(project, 'node_modules');
  const link = join(modules, 'retrysafe');
  rmSync(link, { recursive: true, force: true });
  symlinkSync(relative(modules, root), link, 'junction');
}
