import { writeFileSync } from 'node:fs';

/**
 * Prints what a proof found, in Markdown; with a `file`, writes it there as well, as a part of `docs/evidence.md`. The
 * body names the seed and the command that repeats it.
 */
export function report(title: string, body: string, file?: string): void {
  const text = `## ${title}\n\n${body.trim()}\n`;
  console.log(`\n${text}`);
  if (file !== undefined) writeFileSync(file, text);
}

/** A table in Markdown. The first row is its head; columns of numbers are aligned to the right. */
export function table([head = [], ...rows]: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`;
  const rule = head.map((_, column) =>
    rows.every((row) => typeof row[column] === 'number') ? '---:' : '---',
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
