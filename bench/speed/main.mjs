// Measures retrysafe side by side with its peers and writes docs/benchmarks.md. Takes dist/ and the compiled specs as they
// were built last. Exits with 1 for wrong behaviour only, never for a time.
//
//   node bench/speed/main.mjs [--runs=full|small|N] [--only=in-process,dynamodb,databases,waiting,size,http,growth]
//        [--nodes=20,22,24,26] [--no-write]
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circumstances } from './circumstances.mjs';
import { partOf, writeParts } from './document.mjs';
import { nodesOf, ownNode } from './nodes.mjs';
import { readOptions } from './options.mjs';

const bench = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(dirname(bench), 'docs/benchmarks.md');

const parts = {
  'in-process': { title: 'In process', load: async () => (await import('./in-process.mjs')).inProcess },
  dynamodb: { title: 'DynamoDB', load: async () => (await import('./dynamodb.mjs')).dynamoDB },
  databases: {
    title: 'Redis and PostgreSQL',
    load: async () => (await import('./databases.mjs')).databases,
  },
  waiting: {
    title: 'Waiting duplicates',
    load: async () => (await import('./waiting.mjs')).waiting,
    onOwnNode: true,
  },
  size: { title: 'Size and import time', load: async () => (await import('./size.mjs')).size },
  http: { title: 'HTTP', load: async () => (await import('../http/section.mjs')).http, onOwnNode: true },
  growth: { title: 'Growth', load: async () => (await import('./growth.mjs')).growth },
};

const names = Object.keys(parts);
const { only, writes, wantedNodes, ...options } = readOptions(process.argv.slice(2), names);
// The AWS SDK announces the end of Node.js 20, which is no news here; and what changes how a library works stays out.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
for (const name of Object.keys(process.env))
  if (/^(POWERTOOLS_|IDEMPOTENCY_)/.test(name)) delete process.env[name];

install();
const nodes = wantedNodes ? nodesOf(wantedNodes, join(bench, '.build')) : [ownNode()];
const given = process.argv.slice(2).filter((argument) => argument !== '--no-write');
const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
const written = {};
for (const name of names.filter((one) => only.includes(one))) await write(name, parts[name]);
if (writes) writeParts(document, written, names);

/** A part that fails leaves the document's as it is, and the other parts go on. */
async function write(name, { title, load, onOwnNode }) {
  const from = performance.now();
  const wrong = (fault) => {
    console.error(`WRONG: ${name}: ${fault}`);
    process.exitCode = 1;
  };
  try {
    const measure = await load();
    const measured = onOwnNode ? [ownNode()] : nodes;
    const result = await measure({ ...options, nodes: measured });
    written[name] = partOf(name, title, result, measured, circumstances(command, measured));
    console.log(`\n${written[name]}\n`);
    for (const fault of result.faults) wrong(fault);
  } catch (error) {
    wrong(error.stack);
  }
  console.log(`(${name}: ${Math.round((performance.now() - from) / 1_000)} s)`);
}

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
