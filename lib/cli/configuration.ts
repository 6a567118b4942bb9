import type { PersistenceStore } from '../index.js';
import { type KnownOperations, knownOperations, type OperationSource } from '../operator/known-operations.js';
import { methodsMissing, STORE_METHODS } from '../options/store-methods.js';
import { pathOf } from './installed-package.js';
import { UsageError } from './usage-error.js';

/** What `retrysafe.config.mjs` exports by default. */
export interface Configuration {
  /** The service's own stores by their names, or its only store. */
  readonly stores: Readonly<Record<string, PersistenceStore>> | PersistenceStore;
  /** Classes with decorated methods, instances of them, and functions of `makeIdempotent`. Default: none. */
  readonly operations?: readonly OperationSource[];
  /** Closes what the file has opened. Default: nothing, and the command ends the process. */
  readonly close?: () => unknown;
}

/** The same, read and checked. */
export interface LoadedConfiguration {
  readonly stores: ReadonlyMap<string, PersistenceStore>;
  readonly operations: KnownOperations;
  readonly close: () => unknown;
}

const NAMES = ['mjs', 'js', 'ts', 'mts'].map((ending) => `retrysafe.config.${ending}`);

/**
 * Loads the file that was named, or the one of the working directory, if there is one.
 *
 * @throws {UsageError} where it cannot be loaded, or exports something else.
 */
export async function loadConfiguration(named: string | undefined): Promise<LoadedConfiguration | undefined> {
  const { existsSync } = process.getBuiltinModule('node:fs');
  const { resolve } = process.getBuiltinModule('node:path');
  const file = named ?? NAMES.find((name) => existsSync(name));
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new UsageError(`--config: there is no file ${file}`);
  const { default: exported } = await load(resolve(file));
  return checked(file, exported);
}

async function load(path: string): Promise<{ readonly default?: unknown }> {
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const url = pathToFileURL(path).href;
  try {
    if (!/\.m?ts$/.test(path)) return await import(url);
    const tsx = entryOfTsx();
    if (tsx !== undefined) {
      const { tsImport } = await import(pathToFileURL(tsx).href);
      return await tsImport(url, import.meta.url);
    }
    if ((process.features as { readonly typescript?: unknown }).typescript) return await import(url);
  } catch (cause) {
    const hint =
      cause instanceof SyntaxError && /\.m?ts$/.test(path)
        ? '; Node.js takes types away and compiles no decorators: run `npm install --save-dev tsx`, or let the file import what is compiled'
        : '';
    throw new UsageError(`${path} cannot be loaded: ${(cause as Partial<Error>)?.message}${hint}`);
  }
  throw new UsageError(
    `${path} is TypeScript, which this Node.js (${process.version}) does not load; run \`npm install --save-dev tsx\`, use Node.js 22.18 or later, or write a .mjs file`,
  );
}

/** Its ES module: the one that `require` would find cannot load files as a module can. */
function entryOfTsx(): string | undefined {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { dirname, join } = process.getBuiltinModule('node:path');
  const manifest = pathOf('tsx/package.json');
  if (manifest === undefined) return undefined;
  const entry = JSON.parse(readFileSync(manifest, 'utf8')).exports['./esm/api'];
  const { import: module = entry } = entry;
  return join(dirname(manifest), module.default ?? module);
}

function checked(file: string, exported: unknown): LoadedConfiguration {
  const { stores, operations = [], close = () => {} } = Object(exported) as Partial<Configuration>;
  const named = isStore(stores) ? { store: stores } : stores;
  const list = Object.entries(Object(named) as Record<string, unknown>);
  const wrong = list.find(([, store]) => !isStore(store));
  if (list.length === 0 || wrong)
    throw new UsageError(
      `${file}: ${wrong ? `stores.${wrong[0]} is no store` : 'it exports no stores'}; expected \`export default { stores: { main: store } }\``,
    );
  if (!Array.isArray(operations))
    throw new UsageError(`${file}: operations: expected a list of classes, instances and functions`);
  if (typeof close !== 'function') throw new UsageError(`${file}: close: expected a function`);
  try {
    return {
      stores: new Map(list as [string, PersistenceStore][]),
      operations: knownOperations(operations),
      close,
    };
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

function isStore(value: unknown): value is PersistenceStore {
  return methodsMissing(value, STORE_METHODS).length === 0;
}
