import { basename, dirname } from 'node:path';
import { build } from 'vite';

function by(options = {}, more = {}) {
  return (entry, outfile) =>
    build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr: `app/${entry}.ts`, outDir: dirname(outfile), emptyOutDir: false, target: 'node20', rollupOptions: { output: { entryFileNames: basename(outfile) } }, ...options },
      ...more,
    });
}

const keepNames = { esbuild: { keepNames: true } };

export const variants = [
  { title: 'build.ssr', shows: 'renames', build: by() },
  { title: 'build.ssr, keepNames', shows: 'keeps', build: by({}, keepNames) },
  { title: 'build.ssr, library external', shows: 'external', build: by({}, { ssr: {} }) },
  { title: 'build.ssr, minify', shows: 'refuses', build: by({ minify: true }) },
  { title: 'build.ssr, minify, keepNames', shows: 'keeps', build: by({ minify: true }, keepNames) },
];
