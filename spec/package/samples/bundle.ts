import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import { mode, root } from './compiled.js';
import { application, type Resource } from './template.js';

/** The build properties that the template uses. */
interface BuildProperties {
  readonly EntryPoints: string[];
  readonly External?: string[];
  readonly Format?: 'cjs' | 'esm';
  readonly Target?: string;
  readonly Minify?: boolean;
  readonly KeepNames?: boolean;
}

/** What `sam build` hands to esbuild: what its guide lists, and the one of esbuild's flags that is used besides. */
export const knownBuildProperties = [
  'EntryPoints',
  'External',
  'Format',
  'KeepNames',
  'Loader',
  'MainFields',
  'Minify',
  'OutExtension',
  'Sourcemap',
  'SourcesContent',
  'Target',
];

/**
 * Does what `sam build` does with a function, as far as that needs no `sam`: in a copy of the application beside which
 * the package is installed, esbuild bundles the entry points by the build properties. Returns the folder.
 */
export async function bundled({ Metadata }: Resource, more: BuildOptions = {}): Promise<string> {
  const { EntryPoints, External, Format, Target, Minify, KeepNames } =
    Metadata.BuildProperties as BuildProperties;
  const folder = mkdtempSync(join(workspace(), 'build-'));
  const source = join(folder, 'source');
  cpSync(join(application, 'app'), join(source, 'app'), { recursive: true });
  mkdirSync(join(source, 'node_modules'));
  symlinkSync(root, join(source, 'node_modules/retrysafe'));
  // The folder is in a package of ES modules; what Lambda runs is in no package at all.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  await build({
    absWorkingDir: source,
    entryPoints: EntryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: Format ?? 'cjs',
    target: Target ?? 'es2020',
    minify: Minify ?? true,
    keepNames: KeepNames ?? false,
    external: External ?? [],
    logLevel: 'warning',
    ...more,
  });
  return folder;
}

/** The types of what a file exports, seen from a process of its own. */
export async function exportsIn(
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const list =
    'Object.fromEntries(Object.entries(require(process.argv[1])).map(([name, it]) => [name, typeof it]))';
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', `JSON.stringify(${list})`, file], {
    env: { PATH: process.env.PATH, ...environment },
  });
  return JSON.parse(stdout);
}

const created: string[] = [];

function workspace(): string {
  const folder = join(root, `.build/bundles-${mode}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  created.push(folder);
  return folder;
}

after(() => {
  for (const folder of created) rmSync(folder, { recursive: true, force: true });
});
