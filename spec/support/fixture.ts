import { readFileSync } from 'node:fs';

// Compiled specs run from .build/<mode>/, where the data beside their sources is not copied to.
const sources = new URL('../../../spec/', import.meta.url);

/** The content of a JSON file under spec/, a fresh copy at each call. */
export function fixture<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, sources), 'utf8')) as T;
}
