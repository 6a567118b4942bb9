/** Returns a text that a terminal shows and does not obey: of keys, reasons and outcomes others decide. */
export function shown(text: string): string {
  // Line ends stay, which `shownInLine` replaces. Left-to-right marks and their like would show a text in another order.
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, escaped);
}

/** The same on one line. */
export function shownInLine(text: string): string {
  return shown(text).replaceAll('\n', '\\n');
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Returns rows as a table whose columns are as wide as they need to be. Empty columns are left out. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, ...rows.map((row) => row.map(shownInLine))];
  const kept = titles.flatMap((_, at) => (rows.some((row) => row[at]) ? [at] : []));
  const widths = kept.map((at) => Math.max(...all.map((row) => [...(row[at] ?? '')].length)));
  return all
    .map((row) =>
      kept
        .map((at, index) => padded(row[at] ?? '', index === kept.length - 1 ? 0 : (widths[index] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** Returns a length of time in its two largest units, such as `3h 5m`. */
export function lengthText(lengthMs: number): string {
  const at = UNITS.findIndex(([, unitMs]) => lengthMs >= unitMs);
  if (at < 0) return `${Math.max(0, Math.round(lengthMs))}ms`;
  const [unit, unitMs] = UNITS[at] as (typeof UNITS)[number];
  const next = UNITS[at + 1];
  const rest = next && Math.floor((lengthMs % unitMs) / next[1]);
  return `${Math.floor(lengthMs / unitMs)}${unit}${rest ? ` ${rest}${next[0]}` : ''}`;
}

/** Returns an instant in UTC, to the millisecond. A record may say one that there is not. */
export function instantText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
