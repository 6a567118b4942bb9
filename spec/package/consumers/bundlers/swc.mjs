import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { transform } from '@swc/core';

// swc compiles each file to one: nothing is bundled.
function by(minify) {
  return async (entry, outfile) => {
    const folder = join(dirname(outfile), basename(outfile, '.mjs'));
    await mkdir(folder, { recursive: true });
    for (const file of await readdir('app')) {
      const { code } = await transform(await readFile(join('app', file), 'utf8'), {
        filename: file,
        minify: minify !== undefined,
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { decoratorVersion: '2022-03' },
          target: 'es2022',
          minify,
        },
        module: { type: 'es6' },
      });
      await writeFile(join(folder, file.replace('.ts', '.js')), code);
    }
    await writeFile(outfile, `import './${basename(folder)}/${entry}.js';\n`);
  };
}

const names = { keep_classnames: true, keep_fnames: true };

export const variants = [
  { title: 'as it is', shows: 'keeps names', build: by() },
  {
    title: 'jsc.minify',
    shows: 'refuses the function',
    build: by({ compress: true, mangle: true, module: true }),
  },
  {
    title: 'jsc.minify, keep_classnames',
    shows: 'keeps names',
    build: by({ compress: names, mangle: names, module: true }),
  },
];
