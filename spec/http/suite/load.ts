import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Load } from './test-application.js';

const http = new URL('../../../../spec/http/', import.meta.url);

/** Where an application finds its modules: what `npm ci` installs, or a project that `npm run install:frameworks` installs. */
export type Home = 'root' | 'frameworks' | 'nest-10';

const folderOf = (home: Home) => (home === 'root' ? http : new URL(`${home}/`, http));

export function isInstalled(home: Home): boolean {
  return home === 'root' || existsSync(new URL('node_modules/retrysafe', folderOf(home)));
}

/** The two module systems. */
export const moduleSystems = ['ES modules', 'CommonJS'] as const;

/** Returns what loads modules as an application there does. */
export async function loader(home: Home, system: (typeof moduleSystems)[number]): Promise<Load> {
  const folder = folderOf(home);
  if (system === 'CommonJS') {
    // What is installed in the root is found from here, also in a copy of the package that has no sources of specs.
    const require = createRequire(home === 'root' ? import.meta.url : fileURLToPath(folder));
    return async (name) => require(name);
  }
  if (home === 'root') return (name) => import(name);
  return (await import(new URL('load.mjs', folder).href)).load;
}
