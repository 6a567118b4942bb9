import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { transformSync } from '@swc/core';
import { rollup } from 'rollup';

const swc = {
  name: 'swc',
  resolveId: (id, importer) =>
    importer && id.startsWith('./') && importer.endsWith('.ts')
      ? new URL(id.replace(/\.js$/, '.ts'), `file://${importer}`).pathname
      : null,
  transform: (code, id) =>
    id.endsWith('.ts')
      ? transformSync(code, {
          filename: id,
          sourceMaps: true,
          jsc: {
            parser: { syntax: 'typescript', decorators: true },
            transform: { decoratorVersion: '2022-03' },
            target: 'es2022',
          },
        })
      : null,
};

function by(...minifiers) {
  return async (entry, file) => {
    const bundle = await rollup({
      input: `app/${entry}.ts`,
      plugins: [swc, nodeResolve({ exportConditions: ['node'] })],
      external: /^node:/,
      logLevel: 'silent',
    });
    await bundle.write({ file, format: 'es', plugins: minifiers });
  };
}

export const variants = [
  { title: 'as it is', shows: 'keeps names', anonymous: 'is named by its importer', build: by() },
  { title: 'terser', shows: 'is refused', build: by(terser({ module: true })) },
  {
    title: 'terser, keep_classnames',
    shows: 'keeps names',
    build: by(terser({ module: true, keep_classnames: true, keep_fnames: true })),
  },
];
