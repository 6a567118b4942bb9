// Bundles a version of the library into one file:
//
//   node spec/vectors/earlier-version/bundle.mjs <a checkout of that version>
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const lib = join(resolve(process.argv[2]), 'lib');
const entries = { postgres: 'stores/postgres', dynamodb: 'stores/dynamodb', testing: 'testing' };

await build({
  stdin: {
    contents: [
      "export * from './index.js';",
      ...Object.entries(entries).map(([name, path]) => `export * as ${name} from './${path}/index.js';`),
    ].join('\n'),
    resolveDir: lib,
    loader: 'ts',
  },
  outfile: fileURLToPath(new URL('retrysafe.mjs', import.meta.url)),
  bundle: true,
  platform: 'node',
  target: 'es2022',
  format: 'esm',
  minify: true,
  // The library knows errors and classes by their names.
  keepNames: true,
  external: ['@aws-sdk/*'],
  logLevel: 'warning',
  // Of what it depends on, the one large library: no spec needs expressions of an earlier version.
  plugins: [
    {
      name: 'without JMESPath',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /jmespath-library|^@jmespath-community/ }, () => ({ path: 'jmespath', namespace: 'none' }));
        onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'export {};' }));
      },
    },
  ],
});
