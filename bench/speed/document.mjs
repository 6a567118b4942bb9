import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { whyMissed } from './arguments.mjs';
import { describedGoals } from './goals.mjs';

const heading = `# Benchmarks

\`npm run bench\` writes this document, and each part names the run that wrote it. It measures on Node.js 20, 22, 24 and 26, which it
installs itself, and takes about 45 minutes. \`npm run bench -- --only=in-process\` measures one part and leaves the others as they
are. \`--nodes=22,24\` measures on these versions; a path of a Node.js will do as well. \`--runs=small\` measures on the version that
runs it, and takes about three minutes. The other libraries are in \`bench/package.json\` alone.

What is optional is measured by commands of its own, with and without it:

| what | command | where the figures are |
| --- | --- | --- |
| records that say who wrote them, and calls that are traced | \`npm run bench:records\` | [Records](reference/records.md#what-it-costs) |
| spans and metrics of OpenTelemetry | \`npm run bench:telemetry\` | [Telemetry](reference/telemetry.md#what-it-costs) |
| encrypted outcomes | \`npm run bench:encryption\` | [Secrets](guide/secrets.md#what-it-costs) |
| lists of records, and indexes for them | \`npm run bench:listing\` | [List records](listing.md#measured) |
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
export function partOf(name, title, { markdown, goals }, nodes, circumstances) {
  const described = describedGoals(goals, nodes, whyMissed[name]);
  return [`## ${title}`, circumstances, described, markdown].filter(Boolean).join('\n\n');
}
