import { build } from 'esbuild';

const settings = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };

function by(options) {
  return (entry, outfile) => build({ ...settings, ...options, entryPoints: [`app/${entry}.ts`], outfile });
}

export const variants = [
  { title: 'as it is', shows: 'may rename', build: by({ format: 'esm' }) },
  { title: 'keepNames', shows: 'keeps names', build: by({ format: 'esm', keepNames: true }) },
  { title: 'minify', shows: 'is refused', build: by({ format: 'esm', minify: true }) },
  {
    title: 'minify, keepNames',
    shows: 'keeps names',
    build: by({ format: 'esm', minify: true, keepNames: true }),
  },
];
