import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const heading = `# Benchmarks

\`npm run bench\` writes this document, and each part names the run that wrote it. \`npm run bench -- --only=in-process\` measures one part and
leaves the others as they are. \`--runs=small\` takes about a minute. The other libraries are in \`bench/package.json\` alone.
`;

const marker = (name) => `<!-- part: ${name} -->`;

/** Puts these parts into the document, in the order of `names`, and leaves others that it has as they are. */
export function writeParts(file, parts, names) {
  const known = existsSync(file) ? readParts(readFileSync(file, 'utf8')) : {};
  const all = { ...known, ...parts };
  const order = [...names, ...Object.keys(known).filter((name) => !names.includes(name))];
  const body = order.filter((name) => all[name]).map((name) => `${marker(name)}\n\n${all[name].trim()}\n`);
  writeFileSync(file, [heading, ...body].join('\n'));
}

function readParts(text) {
  const [, ...pieces] = text.split(/^<!-- part: (.+) -->$/m);
  return Object.fromEntries(
    pieces.flatMap((piece, index) => (index % 2 === 0 ? [[piece, pieces[index + 1]]] : [])),
  );
}

/** A part of the document: what was measured when and where, which goals were met, and the figures. */
export function partOf(title, { markdown, goals }, circumstances) {
  const list = goals.map(
    ({ text, isMet, found }) => `- ${isMet ? '**met**' : '**missed**'}: ${text} — ${found}`,
  );
  return [`## ${title}`, circumstances, list.join('\n'), markdown].filter(Boolean).join('\n\n');
}
