// Runs the conformance kit against each server in spec/http/frameworks/conformance/ and writes docs/http-conformance.md.
//
//   npm run conformance              needs `npm run install:frameworks`, once
//   npm run conformance -- --check   compares instead, and exits with 1 where the document says otherwise
//   npm run conformance -- --details prints what each server failed by
//
// It exits with 1, too, where a server fails a check and its file does not say why, or says so of a check that it passes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { runHttpConformance } from 'retrysafe/testing';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'spec/http/frameworks/conformance');
const document = join(root, 'docs/http-conformance.md');

const { values } = parseArgs({ options: { check: { type: 'boolean' }, details: { type: 'boolean' } } });

if (!existsSync(join(root, 'spec/http/frameworks/node_modules'))) {
  console.error('The frameworks are not installed; run `npm run install:frameworks` before.');
  process.exit(2);
}

const { conformanceOptions } = await import(pathToFileURL(join(folder, 'shared/payments.mjs')).href);
// Our own come first, then the others; each of them in order of the alphabet.
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.mjs'))
  .sort((one, other) => isOurs(other) - isOurs(one) || (one < other ? -1 : 1));

function isOurs(file) {
  return file.startsWith('retrysafe-');
}

/** One after another: what a server does not tell of must not depend on how busy the machine is. */
const servers = [];
for (const file of files) servers.push(await testServer(file));

async function testServer(file) {
  const { name, start, because = {} } = await import(pathToFileURL(join(folder, file)).href);
  const { url, effectsUrl, options, close } = await start();
  try {
    const report = await runHttpConformance(url, { ...conformanceOptions, ...options, effects: effectsUrl });
    return { file, name, because, results: report.results };
  } finally {
    await close();
  }
}

const faults = servers.flatMap(({ file, because, results }) => {
  const path = relative(root, join(folder, file));
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const ids = failed.map(({ id }) => id);
  return [
    ...failed
      .filter(({ id }) => !because[id])
      .map(({ id, title, detail }) => `${path}: does not say why it fails ${id} (${title}: ${detail})`),
    ...Object.keys(because)
      .filter((id) => !ids.includes(id))
      .map((id) => `${path}: says why it fails ${id}, which it passes`),
  ];
});
if (values.details) {
  for (const { name, results } of servers) {
    console.log(name);
    for (const { id, outcome, detail } of results)
      if (outcome !== 'passed') console.log(`  ${outcome} ${id}: ${detail}`);
  }
}

/** Each reason has one number, wherever it applies. */
const notes = [];
function noteOf(sentence) {
  if (!notes.includes(sentence)) notes.push(sentence);
  return notes.indexOf(sentence) + 1;
}

function cellOf({ because }, { id, outcome }) {
  if (outcome === 'passed') return '✓';
  return outcome === 'skipped' ? '–' : `✗ [${noteOf(because[id] ?? '')}](#why)`;
}

const [{ results: checks }] = servers;
const rows = checks.map(({ id, title, level, section }, index) => {
  const cells = servers.map((server) => cellOf(server, server.results[index]));
  return `| \`${id}\`: ${title} | ${level} | ${section} | ${cells.join(' | ')} |`;
});
const counts = servers.map(({ results }) => {
  const count = (level) => {
    const ofLevel = results.filter((result) => result.level === level && result.outcome !== 'skipped');
    return `${ofLevel.filter(({ outcome }) => outcome === 'passed').length} of ${ofLevel.length}`;
  };
  return ['MUST', 'SHOULD', 'custom'].map(count);
});
const text = `# Conformance of HTTP servers

What [the conformance kit](guide/http/conformance.md) finds at servers that are set up with this package, and with others that can be
installed from npm: the same operation, the same checks, over real sockets. \`npm run conformance\` writes this document. To test
a server of your own, in any language:

\`\`\`sh
npx retrysafe http-conformance http://127.0.0.1:3000/payments --header 'Authorization: …' --body @request.json
\`\`\`

- *draft-07* is [draft-ietf-httpapi-idempotency-key-header-07](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07).
  A check has the level of what that, or the RFC that is named, says. What neither says, and clients rely on, is *custom*.
- ✓ passes, ✗ fails for the reason [below](#why), – could not be checked.
- Each server is set up as well as its documents allow: \`spec/http/frameworks/conformance/\` has how in the repository. This
  package has \`problemTypes\`, which \`problem-link\` asks for. One set up
  *by hand* has what such a package needs around it written out, and so also what the package itself does not do.

| check | level | section | ${servers.map(({ name }) => name).join(' | ')} |
| --- | --- | --- | ${servers.map(() => '---').join(' | ')} |
${rows.join('\n')}
${['MUST', 'SHOULD', 'custom']
  .map((level, index) => `| **${level}: passed** | | | ${counts.map((of) => of[index]).join(' | ')} |`)
  .join('\n')}

## Why

${notes.map((sentence, index) => `${index + 1}. ${sentence}`).join('\n')}
`;

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else if (!values.check) writeFileSync(document, text);
else if (!existsSync(document) || readFileSync(document, 'utf8') !== text) {
  console.error('docs/http-conformance.md says otherwise. Where that is meant, run `npm run conformance`.');
  process.exitCode = 1;
} else console.log(`docs/http-conformance.md is as ${servers.length} servers are.`);
