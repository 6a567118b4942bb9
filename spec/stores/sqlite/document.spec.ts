import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { useSqlite } from '../../support/sqlite.js';

const root = new URL('../../../../', import.meta.url);

// scripts/check-documents.mjs runs the other blocks. The types of Node.js 20 do not know node:sqlite, so it is no `ts`.
describe('docs/stores/sqlite.md', () => {
  const sqlite = useSqlite('node:sqlite');

  it('has a set-up with node:sqlite that works as it is', () => {
    const text = readFileSync(new URL('docs/stores/sqlite.md', root), 'utf8');
    const [, block] = /^```js\n([\s\S]*?)^```$/m.exec(text) ?? [];
    // Inside of the project, where `retrysafe` is found, and apart from that of another version of Node.js.
    const program = new URL(`../sqlite-document-${process.pid}.mjs`, import.meta.url);
    const call = `
const { makeIdempotent } = await import('retrysafe');
const placeHold = makeIdempotent(async (id) => \`\${id} \${Math.random()}\`, { name: 'placeHold', store });
const answers = [await placeHold('T-1'), await placeHold('T-1')];
console.log(JSON.stringify({ ...database.prepare('PRAGMA journal_mode').get(), answers }));`;
    writeFileSync(program, block + call);
    try {
      const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(program)], {
        encoding: 'utf8',
        env: { ...process.env, DATABASE_FILE: sqlite.path() },
      });
      expect(status, stderr).to.equal(0);
      const { journal_mode, answers } = JSON.parse(stdout);
      expect(journal_mode).to.equal('wal');
      expect(answers[0]).to.match(/^T-1 /).and.to.equal(answers[1]);
    } finally {
      rmSync(program);
    }
  });
});
