import { UsageError } from './usage-error.js';

/**
 * Loads the first of these packages that is installed in the project where the command runs: the drivers are the user's own.
 *
 * @throws {UsageError} with the line that installs the first of them.
 */
export async function installedPackage(names: readonly string[], what: string): Promise<InstalledPackage> {
  for (const name of names) {
    const path = pathOf(name);
    if (path !== undefined) return { name, exports: await exportsOf(path) };
  }
  throw new UsageError(
    `${what} needs the package ${names.join(' or ')}, and none is installed here; run \`npm install ${names[0]}\``,
  );
}

export interface InstalledPackage {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each package has exports of its own
  readonly exports: any;
}

/** Returns the path of a package as the working directory finds it. */
export function pathOf(name: string): string | undefined {
  const { createRequire } = process.getBuiltinModule('node:module');
  const { join } = process.getBuiltinModule('node:path');
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch {
    return undefined;
  }
}

async function exportsOf(path: string): Promise<unknown> {
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const module = await import(pathToFileURL(path).href);
  return module.default ?? module;
}
