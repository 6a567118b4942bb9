// Prints how large the bundle of the same handler is, and how long its import takes, with retrysafe, with AWS Powertools
// and with neither. Takes dist/ as it was built last.
//
//   node bench/size/main.mjs [--runs=20]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { bundleHandlers, bundleSample } from './bundle-handlers.mjs';
import { importTimes } from './import-times.mjs';
import { bench, root } from './places.mjs';
import { bytes, table } from './table.mjs';

const require = createRequire(import.meta.url);
const runs = Number(process.argv.find((argument) => argument.startsWith('--runs='))?.slice(7) ?? 20);
if (!(Number.isInteger(runs) && runs > 0)) {
  console.error('--runs is how often each import is measured: a whole number, 1 or more.');
  process.exit(2);
}

// The AWS SDK announces the end of Node.js 20, which is no news here.
const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
Object.assign(process.env, quiet);

install();
typeCheck();

const node = node22();
const nodeVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
const env = plainEnvironment();
const bundles = await bundleHandlers();
const sample = await bundleSample();
// It loads the AWS SDK, which was just installed.
const { checkHandlers } = await import('./check-handlers.mjs');
const engine = await checkHandlers({ node, bundles, env });
const times = await importTimes({ node, files: bundles.map(({ file }) => file), runs, env });

console.log(`The handler of POST /pre-fund/holds, one class-based Lambda function, bundled by esbuild ${version('esbuild')}
(minified, target node22, without the AWS SDK). Each bundle answers the same six requests rightly on ${engine} first.

${table(bundles, times)}

  the three functions of samples/pre-fund in one bundle, cjs: ${bytes(sample.minified)}, ${bytes(sample.gzipped)} gzipped

  retrysafe ${version('retrysafe')}: keepNames, which names its operations
  AWS Powertools ${version('@aws-lambda-powertools/idempotency')}: @aws-lambda-powertools/idempotency with its DynamoDBPersistenceLayer
  no idempotency: the same handler, and a DynamoDBClient that it does not use
  import: Node.js ${nodeVersion}, ${runs} processes for each number, in turns; the median, and the quartiles around it, in ms
  with the AWS SDK: the bundle imports client-dynamodb ${version('@aws-sdk/client-dynamodb')} from node_modules (and Powertools util-dynamodb ${version('@aws-sdk/util-dynamodb')})
  without: both of these were imported before, and a first client was made
  machine: ${process.platform}-${process.arch}, ${availableParallelism()} processors`);
if (!nodeVersion.startsWith('22.')) {
  console.log(`\nNot measured on Node.js 22: it is not installed for ${process.platform}-${process.arch}.`);
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

// The bundler takes types away without a look at them.
function typeCheck() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', bench], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

function node22() {
  if (process.versions.node.startsWith('22.')) return process.execPath;
  try {
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return process.execPath;
  }
}

/** Without what would change how Node.js starts or what the libraries do. */
function plainEnvironment() {
  const telling = /^(NODE_|AWS_|POWERTOOLS_|IDEMPOTENCY_|npm_)/i;
  const rest = Object.entries(process.env).filter(([name]) => !telling.test(name));
  return { ...Object.fromEntries(rest), ...quiet, AWS_REGION: 'eu-west-1', TABLE_NAME: 'idempotency' };
}

function version(name) {
  const file =
    name === 'retrysafe'
      ? join(root, 'package.json')
      : [bench, root]
          .map((at) => join(at, 'node_modules', name, 'package.json'))
          .find((at) => existsSync(at));
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
