/** How large the bundled handler should be at most, minified with its names kept, without the AWS SDK. */
const LARGEST_HANDLER = 100_000;

/** What was aimed at, and what this run found on each version of Node.js. */
export function goals(handler, imports, nodes) {
  const byVersion = (value) => Object.fromEntries(nodes.map(({ major }, index) => [major, value(index)]));
  const size = {
    text: 'bundled handler, cjs, minified with keepNames, without the AWS SDK: bytes',
    limit: LARGEST_HANDLER,
    digits: 0,
    found: byVersion(() => handler.minified),
  };
  const times = imports.map(({ what, format, limit, on }) => ({
    text: `import of the ${what}, ${format}, to AWS Powertools'`,
    limit,
    found: byVersion((index) => on[index].ratio.median),
  }));
  return [size, ...times];
}
