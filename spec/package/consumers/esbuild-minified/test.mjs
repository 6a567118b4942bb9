import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

async function bundleAndRun(entry, format, options) {
  const outfile = `dist/${entry}-${format}-${options.keepNames ? 'names' : 'short'}.${format === 'esm' ? 'mjs' : 'cjs'}`;
  const settings = { bundle: true, minify: true, platform: 'node', target: 'node20', logLevel: 'warning' };
  await build({ ...settings, ...options, entryPoints: [`src/${entry}.ts`], outfile, format });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

for (const format of ['esm', 'cjs']) {
  for (const keepNames of [true, false]) {
    const named = await bundleAndRun('named', format, { keepNames });
    assert.equal(named.status, 0, named.stderr);
    console.log(`ok ${format}, keepNames ${keepNames}: operations with names of their own`);
  }

  const kept = await bundleAndRun('unnamed', format, { keepNames: true });
  assert.equal(kept.status, 0, kept.stderr);
  assert.match(kept.stdout, /runs: 1\b/);
  console.log(`ok ${format}, keepNames true: an operation named after its class`);

  const short = await bundleAndRun('unnamed', format, { keepNames: false });
  assert.notEqual(short.status, 0, 'a minified class name must not become part of a key');
  assert.match(short.stderr, /ERR_IDEMPOTENCY_CONFIGURATION/);
  assert.match(short.stderr, /\bname\b/);
  console.log(`ok ${format}, keepNames false: an operation without a name is refused`);
}
