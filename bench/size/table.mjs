/** A table in Markdown, figures to the right. */
export function table(heads, lines, texts = 1) {
  const rule = heads.map((_, column) => (column < texts ? '---' : '---:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function bytes(count) {
  return `${count.toLocaleString('en')} B`;
}

/** The median, and the quartiles around it. */
export function spreadOf({ low, median, high }, digits = 1) {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
