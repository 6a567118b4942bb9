// Builds dist/: ES modules and CommonJS from the same sources, with declarations for both.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

function compile(form, ...flags) {
  const emit = [
    '--noEmit',
    'false',
    '--outDir',
    `dist/${form}`,
    '--declaration',
    '--declarationMap',
    '--sourceMap',
  ];
  const { status } = spawnSync(process.execPath, [tsc, '-p', '.', ...emit, ...flags], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
compile('esm');
// `verbatimModuleSyntax` forbids `import` in a file that is emitted as CommonJS, hence off here only.
compile('cjs', '--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false');
writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');

// devalue is an ES module only, which CommonJS cannot require everywhere (Jest, bundles): its copy is bundled.
const bundled = join(root, 'dist/cjs/devalue.js');
const devalue = join(root, 'node_modules/devalue');
const { version } = JSON.parse(readFileSync(join(devalue, 'package.json'), 'utf8'));
await build({
  absWorkingDir: root,
  entryPoints: [bundled],
  outfile: bundled,
  allowOverwrite: true,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  banner: { js: `// Contains devalue ${version}, whose licence is in devalue.LICENSE.` },
});
rmSync(`${bundled}.map`, { force: true });
copyFileSync(join(devalue, 'LICENSE'), join(root, 'dist/cjs/devalue.LICENSE'));
