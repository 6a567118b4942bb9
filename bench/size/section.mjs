import { availableParallelism } from 'node:os';
import { breakdown, handlerParts, ownText, version } from './breakdown.mjs';
import { bundleHandlers, bundleSample, handlers } from './bundle-handlers.mjs';
import { goals } from './goals.mjs';
import { comparisons, importPhases, importTimes } from './import-times.mjs';
import { nodesAt, plainEnvironment, prepare } from './installed.mjs';
import { bytes, spreadOf, table } from './table.mjs';

/**
 * Measures sizes and imports side by side with AWS Powertools, and resolves to the goals and to what else there is to say, in
 * Markdown. Takes dist/ as it was built last; each import is measured `runs` times on each of `nodes`.
 */
export async function section({ runs, nodes = nodesAt([]) }) {
  prepare();
  const env = plainEnvironment();
  Object.assign(process.env, env);
  const bundles = await bundleHandlers();
  const sample = await bundleSample();
  // It loads the AWS SDK, which may have been installed just now.
  const { checkHandlers } = await import('./check-handlers.mjs');
  const engines = [];
  for (const { path } of nodes) engines.push(await checkHandlers({ node: path, bundles, env }));
  const parts = await breakdown();
  const handler = bundles.find((one) => one.handler === 'retrysafe' && one.format === 'cjs');
  const imports = await importTimes({ nodes, compared: comparisons(bundles), runs, env });
  const phases = await importPhases({ nodes, bundles, runs, env });
  const columns = nodes.map(({ version: one }) => `Node.js ${one}`);

  const markdown = `retrysafe ${version('retrysafe')} beside AWS Powertools ${version('@aws-lambda-powertools/idempotency')}
(\`@aws-lambda-powertools/idempotency\`, with its \`DynamoDBPersistenceLayer\`), by esbuild ${version('esbuild')}, minified, for Node.js 22, without the
AWS SDK. ${process.platform}-${process.arch}, ${availableParallelism()} processors.

### The same handler, bundled

\`POST /pre-fund/holds\`, one class-based Lambda function. Each bundle passed the same six requests on ${engines[0]} before
it was measured. The bundle of retrysafe has \`keepNames\`, which names its operations.

${table(['', 'format', 'minified', 'gzipped'], bundles.map(handlerLine), 2)}

The three functions of samples/pre-fund in one bundle, cjs: ${bytes(sample.minified)}, ${bytes(sample.gzipped)} gzipped.

What the bytes of retrysafe's handler are, cjs, bundled from lib/:

${table(
  ['part', 'minified'],
  (await handlerParts()).map(([what, count]) => [what, bytes(count)]),
)}

JMESPath and devalue run only for an expression that is not a plain path, or a result that is not plain JSON.

### Import time

The ratio of retrysafe's time to that of AWS Powertools, taken within each of ${runs} rounds: the median, and the quartiles around it. Each
import has a process of its own, in turns. "After the AWS SDK" means that it was loaded and a first client was made before.

${table(['', 'format', ...columns], imports.map(ratioLine), 2)}

Milliseconds, the median: retrysafe / AWS Powertools / the same handler with a client only.

${table(['', 'format', ...columns], imports.map(timeLine), 2)}

What an import after the AWS SDK is made of, cjs, the median in milliseconds: V8 compiles the bundle / the bundle runs.

${table(['', 'minified', ...columns], phaseLines(phases, nodes), 1)}

V8 reads all of a bundle before any of it runs, so its bytes decide how long that takes, whichever library it is: ${nanoseconds(phases)}
nanoseconds a byte here.

### What the bytes are

${table(['imported', 'minified', 'gzipped', 'with keepNames', 'own code', 'of others'], parts.map(partLine))}

Of the ${bytes(parts[0].own)} of the root that are retrysafe's own, ${bytes(await ownText())} are text.
devalue is in every bundle, but runs only for a result that is not plain JSON. JMESPath is only where \`retrysafe/jmespath\` is imported.

<details><summary>Own code of the root by file</summary>

${table(
  ['file of lib/', 'minified'],
  parts[0].files.map(({ file, bytes: count }) => [file, bytes(count)]),
)}

</details>
`;
  return { goals: goals(handler, imports, nodes), markdown };
}

function handlerLine({ handler, format, minified, gzipped }) {
  return [handlers[handler], format, bytes(minified), bytes(gzipped)];
}

function ratioLine({ what, format, on }) {
  return [what, format, ...on.map(({ ratio }) => spreadOf(ratio, 2))];
}

function timeLine({ what, format, on }) {
  return [
    what,
    format,
    ...on.map(({ times: { retrysafe, powertools, bare } }) =>
      [retrysafe, powertools, bare]
        .filter(Boolean)
        .map(({ median }) => median.toFixed(1))
        .join(' / '),
    ),
  ];
}

function phaseLines(phases, nodes) {
  const bundles = new Map(phases.map(({ handler, minified }) => [handler, minified]));
  return [...bundles].map(([handler, minified]) => [
    handlers[handler],
    bytes(minified),
    ...nodes.map((node) => {
      const { compile, run } = phases.find((one) => one.handler === handler && one.node === node);
      return `${compile.median.toFixed(1)} / ${run.median.toFixed(1)}`;
    }),
  ]);
}

/** For how long V8 compiles a byte of each library: the least and the most. */
function nanoseconds(phases) {
  const each = phases
    .filter(({ handler }) => handler !== 'bare')
    .map(({ compile, minified }) => Math.round((compile.median * 1e6) / minified))
    .sort((one, other) => one - other);
  return `${each[0]} to ${each.at(-1)}`;
}

function partLine({ library, what, bytes: count, gzipped, withNames, own, others }) {
  const rest = others.filter(([, size]) => size > 0).map(([name, size]) => `${name} ${bytes(size)}`);
  return [`${handlers[library]}: ${what}`, ...[count, gzipped, withNames, own].map(bytes), rest.join(', ')];
}
