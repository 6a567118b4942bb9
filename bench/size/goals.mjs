import { bytes, table } from './table.mjs';

/** How large the bundled handler should be at most, minified with its names kept, without the AWS SDK. */
const LARGEST_HANDLER = 100_000;

/** What was aimed at, and whether this run met it on each version of Node.js. */
export function goals(handler, imports, nodes) {
  const size = [
    'bundled handler, cjs, minified with keepNames, without the AWS SDK',
    bytes(LARGEST_HANDLER),
    ...nodes.map(() => bytes(handler.minified)),
    verdict(handler.minified <= LARGEST_HANDLER),
  ];
  const times = imports.map(({ what, format, limit, on }) => [
    `import of the ${what}, ${format}, in times AWS Powertools'`,
    String(limit),
    ...on.map(({ ratio }) => marked(ratio.median, limit)),
    verdict(on.every(({ ratio }) => ratio.median <= limit)),
  ]);
  return table(
    ['goal', 'at most', ...nodes.map(({ version }) => `Node.js ${version}`), ''],
    [size, ...times],
    1,
  );
}

function marked(median, limit) {
  const text = median.toFixed(2);
  return median <= limit ? text : `**${text}**`;
}

function verdict(isMet) {
  return isMet ? 'met' : '**missed**';
}
