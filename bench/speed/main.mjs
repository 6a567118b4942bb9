// Measures retrysafe side by side with its peers and writes docs/benchmarks.md. Takes dist/ and the compiled specs as they
// were built last. Exits with 1 for wrong behaviour only, never for a time.
//
//   node bench/speed/main.mjs [--runs=full|small|N] [--only=in-process,dynamodb,waiting,size,growth] [--no-write]
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circumstances } from './circumstances.mjs';
import { partOf, writeParts } from './document.mjs';
import { readOptions } from './options.mjs';

const bench = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(dirname(bench), 'docs/benchmarks.md');

const parts = {
  'in-process': { title: 'In process', load: async () => (await import('./in-process.mjs')).inProcess },
  dynamodb: { title: 'DynamoDB', load: async () => (await import('./dynamodb.mjs')).dynamoDB },
  waiting: { title: 'Waiting duplicates', load: async () => (await import('./waiting.mjs')).waiting },
  size: { title: 'Size and import time', load: async () => (await import('./size.mjs')).size },
  growth: { title: 'Growth', load: async () => (await import('./growth.mjs')).growth },
};

const names = Object.keys(parts);
const { only, writes, ...options } = readOptions(process.argv.slice(2), names);
// The AWS SDK announces the end of Node.js 20, which is no news here; and what changes how a library works stays out.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
for (const name of Object.keys(process.env))
  if (/^(POWERTOOLS_|IDEMPOTENCY_)/.test(name)) delete process.env[name];

install();
const given = process.argv.slice(2).filter((argument) => argument !== '--no-write');
const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
const written = {};
for (const name of names.filter((one) => only.includes(one))) {
  const { title, load } = parts[name];
  const measure = await load();
  const from = performance.now();
  const result = await measure(options);
  written[name] = partOf(title, result, circumstances(command));
  console.log(`\n${written[name]}\n\n(${name}: ${Math.round((performance.now() - from) / 1_000)} s)`);
  for (const fault of result.faults) {
    console.error(`WRONG: ${name}: ${fault}`);
    process.exitCode = 1;
  }
}
if (writes) writeParts(document, written, names);

function install() {
  const installed = join(bench, 'node_modules/.package-lock.json');
  const lock = join(bench, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('Installing what bench/ needs …\n');
  const { status } = spawnSync(
    'npm',
    ['ci', '--prefix', bench, '--no-audit', '--no-fund', '--loglevel=error'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) process.exit(1);
}
