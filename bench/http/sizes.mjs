import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { figure, median } from '../speed/figures.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The adapters, and what has to be loaded before each. */
const adapters = {
  http: [],
  express: ['express'],
  fastify: ['fastify'],
  hono: ['hono'],
  nestjs: ['reflect-metadata', '@nestjs/common', '@nestjs/core'],
  lambda: [],
};

/** A row for each adapter. */
export async function adapterSizes() {
  const own = (await bundled("export * from 'retrysafe'")).bytes;
  const rows = [];
  for (const [name, frameworks] of Object.entries(adapters)) {
    const { bytes, inputs } = await bundled(`export * from 'retrysafe'; export * from 'retrysafe/${name}'`);
    const others = Object.keys(adapters).filter((one) => one !== name && one !== 'http');
    const strangers = others.filter((one) => inputs.some((path) => path.includes(`/http/${one}/`)));
    rows.push([
      `\`retrysafe/${name}\``,
      figure(bytes),
      figure(bytes - own),
      figure(importMs(name, frameworks), 1),
      strangers.length === 0 ? 'none' : strangers.join(', '),
    ]);
  }
  return rows;
}

async function bundled(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['@nestjs/*', 'express', 'fastify', 'hono', 'hono/*', 'rxjs', 'rxjs/*', '@fastify/*'],
    logLevel: 'error',
  });
  return { bytes: outputFiles[0].contents.length, inputs: Object.keys(metafile.inputs) };
}

/** How long the import takes, in a process of its own each time. */
function importMs(name, frameworks) {
  const before = ['retrysafe', ...frameworks].map((one) => `await import('${one}');`).join(' ');
  const program = `${before} const from = performance.now(); await import('retrysafe/${name}'); console.log(performance.now() - from);`;
  const times = Array.from({ length: 7 }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: root,
      encoding: 'utf8',
    });
    if (!(Number(stdout) > 0)) throw new Error(`retrysafe/${name} cannot be imported: ${stderr}`);
    return Number(stdout);
  });
  return median(times);
}
