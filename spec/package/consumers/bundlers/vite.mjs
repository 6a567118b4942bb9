import { basename, dirname } from 'node:path';
import { build } from 'vite';

function by(options = {}, more = {}) {
  return (entry, outfile) =>
    build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: `app/${entry}.ts`,
        outDir: dirname(outfile),
        emptyOutDir: false,
        target: 'node20',
        rollupOptions: { output: { entryFileNames: basename(outfile) } },
        ...options,
      },
      ...more,
    });
}

const keepNames = { esbuild: { keepNames: true } };

export const variants = [
  { title: 'build.ssr', shows: 'may rename classes', anonymous: 'is named by its importer', build: by() },
  { title: 'build.ssr, library external', shows: 'is not seen', build: by({}, { ssr: {} }) },
  { title: 'build.ssr, minify', shows: 'is refused', build: by({ minify: true }) },
  { title: 'build.ssr, minify, keepNames', shows: 'keeps names', build: by({ minify: true }, keepNames) },
];
