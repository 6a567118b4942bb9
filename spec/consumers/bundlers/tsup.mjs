import { dirname, basename } from 'node:path';
import { rename } from 'node:fs/promises';
import { build } from 'tsup';

function by(options) {
  return async (entry, outfile) => {
    const name = basename(outfile, '.mjs');
    const entries = { [name]: `app/${entry}.ts` };
    await build({ entry: entries, outDir: dirname(outfile), format: 'esm', outExtension: () => ({ js: '.mjs' }), platform: 'node', target: 'node20', config: false, silent: true, ...options });
  };
}

const everything = { noExternal: [/./] };

export const variants = [
  { title: 'noExternal', shows: 'renames', build: by(everything) },
  { title: 'as it is', shows: 'external', build: by({}) },
  { title: 'noExternal, keepNames', shows: 'keeps', build: by({ ...everything, keepNames: true }) },
  { title: 'noExternal, minify', shows: 'refuses', build: by({ ...everything, minify: true }) },
  { title: 'noExternal, minify, keepNames', shows: 'keeps', build: by({ ...everything, minify: true, keepNames: true }) },
];
