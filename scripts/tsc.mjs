// The compiler that the project has installed.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The path of TypeScript's command line, to be run by Node.js. */
export const tsc = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
);
