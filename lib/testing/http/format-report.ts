import type { HttpConformanceReport } from './run-http-conformance.js';

const columns = ['check', 'level', 'section', 'result', 'detail'] as const;

/** Returns a report as a text table, with a line for each check and one for each level. It ends without a line break. */
export function formatReport({ operation, draft, results, totals }: HttpConformanceReport): string {
  const rows = results.map(({ id, level, section, outcome, detail, title }) => [
    id,
    level,
    section,
    outcome,
    // A failure reads best beside what is expected.
    outcome === 'failed' ? `${title}: ${detail}` : (detail ?? ''),
  ]);
  const table = [[...columns], ...rows];
  const widths = columns.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const sums = Object.entries(totals).map(
    ([level, { passed, failed, skipped }]) =>
      `${level.padEnd(6)}  ${passed} passed, ${failed} failed, ${skipped} skipped`,
  );
  return [`${operation}, by ${draft}`, '', ...lines, '', ...sums].join('\n');
}
