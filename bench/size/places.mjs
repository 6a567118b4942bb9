import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const size = dirname(fileURLToPath(import.meta.url));
export const bench = dirname(size);
export const root = dirname(bench);
export const bundles = join(bench, '.build/size');
