import { handlers } from './bundle-handlers.mjs';
import { circumstances } from './import-times.mjs';

const heads = ['', 'format', 'minified', 'gzipped', 'import, with the AWS SDK', 'without it'];

/** Lays the sizes and the times out, one line for each bundle, figures to the right. */
export function table(bundles, times) {
  const lines = bundles.map(({ handler, format, file, minified, gzipped }) => {
    const imports = Object.keys(circumstances).map((circumstance) =>
      times.find((one) => one.file === file && one.circumstance === circumstance),
    );
    return [handlers[handler], format, bytes(minified), bytes(gzipped), ...imports.map(milliseconds)];
  });
  const widths = heads.map((_, column) => Math.max(...[heads, ...lines].map((line) => line[column].length)));
  return [heads, ...lines]
    .map((line) => line.map((cell, column) => aligned(cell, widths[column], column)).join('   '))
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

function aligned(cell, width, column) {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}

export function bytes(count) {
  return `${count.toLocaleString('en')} B`;
}

function milliseconds({ low, median, high }) {
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;
}
