import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../docs/reference/telemetry.md', import.meta.url));
const part = /(<!-- figures: written by npm run bench:telemetry -->\n)[\s\S]*?(<!-- end of figures -->)/;

/** Puts the figures where the document has them. */
export function place(text) {
  const before = readFileSync(file, 'utf8');
  if (!part.test(before)) throw new Error(`${file} has no place for figures`);
  writeFileSync(
    file,
    before.replace(part, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
  );
}
