// Installs better-sqlite3, which npm compiles where no binary of it can be downloaded. That takes minutes, so `npm ci` does
// without. Node.js 20 needs it for the specs of SQLite. Later versions have node:sqlite.
//
// It is a project of its own, so that its versions are locked and `npm ci` leaves it alone. Specs and documents find it by a
// link, which `npm ci` removes: this command makes it again without compiling anything.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const project = join(root, 'spec/stores/sqlite/native');
const modules = join(root, 'node_modules');

const { status } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
  cwd: project,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.exit(status ?? 1);
mkdirSync(modules, { recursive: true });
const link = join(modules, 'better-sqlite3');
rmSync(link, { recursive: true, force: true });
symlinkSync(relative(modules, join(project, 'node_modules/better-sqlite3')), link, 'junction');
