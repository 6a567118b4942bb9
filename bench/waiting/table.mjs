const heads = ['store', 'a duplicate waits by', 'median', '99th percentile', 'longest'];

/** A table in Markdown, one line for each store and way of waiting, figures to the right. */
export function table(lines) {
  const rows = lines.map(({ name, notices, times }) => [
    name,
    notices ? 'notices' : 'polling',
    ...[0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1)),
  ]);
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map((row) => row[column].length)));
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [heads, rule, ...rows]
    .map((row) => `| ${row.map((cell, column) => aligned(cell, widths[column], column)).join(' | ')} |`)
    .join('\n');
}

/** The smallest of the times that so great a share of them does not pass. */
function percentile(times, share) {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function aligned(cell, width, column) {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}
