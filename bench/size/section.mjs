import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { breakdown, ownText, version } from './breakdown.mjs';
import { bundleHandlers, bundleSample, handlers } from './bundle-handlers.mjs';
import { goals } from './goals.mjs';
import { comparisons, importTimes } from './import-times.mjs';
import { node22, plainEnvironment, prepare } from './installed.mjs';
import { bytes, spreadOf, table } from './table.mjs';

/**
 * Measures sizes and imports side by side with AWS Powertools, and resolves to what there is to say, in Markdown. Takes
 * dist/ as it was built last; each import is measured `runs` times by `node`.
 */
export async function section({ runs, node = node22() }) {
  prepare();
  const env = plainEnvironment();
  Object.assign(process.env, env);
  const bundles = await bundleHandlers();
  const sample = await bundleSample();
  // It loads the AWS SDK, which may have been installed just now.
  const { checkHandlers } = await import('./check-handlers.mjs');
  const engine = await checkHandlers({ node, bundles, env });
  const parts = await breakdown();
  const text = await ownText();
  const imports = await importTimes({ node, compared: comparisons(bundles), runs, env });
  const nodeVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);

  return `## Size and import time

${goals(parts, imports)}

retrysafe ${version('retrysafe')} beside AWS Powertools ${version('@aws-lambda-powertools/idempotency')}
(\`@aws-lambda-powertools/idempotency\`, with its \`DynamoDBPersistenceLayer\`), by esbuild ${version('esbuild')}, minified, for Node.js 22, without the
AWS SDK. Node.js ${nodeVersion} imports, ${process.platform}-${process.arch}, ${availableParallelism()} processors.

### The same handler, bundled

\`POST /pre-fund/holds\`, one class-based Lambda function. Each bundle passed the same six requests on ${engine} before
it was measured. The bundle of retrysafe has \`keepNames\`, which names its operations.

${table(['', 'format', 'minified', 'gzipped'], bundles.map(handlerLine), 2)}

The three functions of samples/pre-fund in one bundle, cjs: ${bytes(sample.minified)}, ${bytes(sample.gzipped)} gzipped.

### Import time

Milliseconds in ${runs} processes for each number, in turns: the median, and the quartiles around it. The ratio is taken within
each round. "After the AWS SDK" means that it was loaded and a first client was made before. "No idempotency" is the same handler with a client only.

${table(['', 'format', 'retrysafe', 'AWS Powertools', 'ratio', 'no idempotency'], imports.map(importLine), 2)}

### What the bytes are

${table(['imported', 'minified', 'gzipped', 'with keepNames', 'own code', 'of others'], parts.map(partLine))}

Of the ${bytes(parts[0].own)} that are retrysafe's own, ${bytes(text)} are text: messages, names of options, codes. devalue
is in every bundle, but runs only for a result that is not plain JSON. JMESPath is only where \`retrysafe/jmespath\` is imported.

<details><summary>Own code of the root by file</summary>

${table(
  ['file of lib/', 'minified'],
  parts[0].files.map(({ file, bytes: count }) => [file, bytes(count)]),
)}

</details>
`;
}

function handlerLine({ handler, format, minified, gzipped }) {
  return [handlers[handler], format, bytes(minified), bytes(gzipped)];
}

function importLine({ what, format, times, ratio }) {
  const { retrysafe, powertools, bare } = times;
  return [
    what,
    format,
    spreadOf(retrysafe),
    spreadOf(powertools),
    spreadOf(ratio, 2),
    bare ? spreadOf(bare) : '',
  ];
}

function partLine({ library, what, bytes: count, gzipped, withNames, own, others }) {
  const rest = others.filter(([, size]) => size > 0).map(([name, size]) => `${name} ${bytes(size)}`);
  return [`${handlers[library]}: ${what}`, ...[count, gzipped, withNames, own].map(bytes), rest.join(', ')];
}
