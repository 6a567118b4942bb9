import { basename, dirname } from 'node:path';
import { build } from 'tsup';

function by(options) {
  return async (entry, outfile) => {
    const name = basename(outfile, '.mjs');
    const entries = { [name]: `app/${entry}.ts` };
    await build({
      entry: entries,
      outDir: dirname(outfile),
      format: 'esm',
      outExtension: () => ({ js: '.mjs' }),
      platform: 'node',
      target: 'node20',
      config: false,
      silent: true,
      ...options,
    });
  };
}

const everything = { noExternal: [/./] };

export const variants = [
  { title: 'noExternal', shows: 'may rename', build: by(everything) },
  { title: 'as it is', shows: 'is not seen', build: by({}) },
  {
    title: 'noExternal, minify, keepNames',
    shows: 'keeps names',
    build: by({ ...everything, minify: true, keepNames: true }),
  },
];
