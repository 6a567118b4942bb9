import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The versions that a full run measures. */
export const VERSIONS = '20,22,24,26';

/**
 * The Node.js to measure with: `wanted` lists versions, or paths of binaries. A version that does not run this is
 * installed into `folder` from the registry, where Node.js itself is a package for each platform.
 */
export function nodesOf(wanted, folder) {
  return wanted.split(',').map((one) => {
    const path = /^\d+(\.\d+){0,2}$/.test(one) ? binaryOf(one, folder) : one;
    if (!existsSync(path))
      throw new Error(`--nodes: there is no "${one}"; expected versions as 22, or paths of Node.js`);
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1);
    return { path, version, major: Number.parseInt(version, 10) };
  });
}

/** What runs this command. */
export function ownNode() {
  const version = process.versions.node;
  return { path: process.execPath, version, major: Number.parseInt(version, 10) };
}

function binaryOf(version, folder) {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(folder, `node-${version}`);
  const binary = join(prefix, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  console.log(`Installing Node.js ${version} …\n`);
  const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', ['install', '--prefix', prefix, ...quiet, `${name}@${version}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`--nodes: Node.js ${version} cannot be installed as ${name}@${version}`);
  return binary;
}
