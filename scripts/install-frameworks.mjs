// Installs the frameworks, clients and peers that only the specs of HTTP need, so that `npm ci` does without them. They are two
// projects of their own, since NestJS 10 and 11 do not go together.
//
// What is loaded from there finds this package by a link, as an application finds the one that it installed.
import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const name of ['frameworks', 'nest-10']) {
  const project = join(root, 'spec/http', name);
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
