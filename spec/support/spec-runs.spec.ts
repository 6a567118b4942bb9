import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { specFiles } = (await import(pathToFileURL(join(root, 'scripts/spec-files.mjs')).href)) as {
  specFiles(options: { run?: string; words?: readonly string[] }): string[];
};

describe('a run of the specs', function () {
  this.timeout(120_000);

  function run(...options: readonly string[]) {
    const script = join(root, 'scripts/run-specs.mjs');
    return spawnSync(process.execPath, [script, '--no-build', ...options], { cwd: root, encoding: 'utf8' });
  }

  it('of everything has each spec file', () => {
    // With types, a listing does not go into links, of which one leads back to this folder.
    const entries = readdirSync(join(root, 'spec'), { recursive: true, withFileTypes: true });
    const specs = entries
      .map(({ parentPath, name }) =>
        relative(join(root, 'spec'), join(parentPath, name)).split(sep).join('/'),
      )
      .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'));
    expect(specFiles({ run: 'all' })).to.have.members(specs);
  });

  it('without an option has neither proofs nor long specs, and that of the core is a part of it', () => {
    const usual = specFiles({ run: 'usual' });
    expect(usual.filter((file) => /^proofs\/|\.long\.spec/.test(file))).to.deep.equal([]);
    expect(usual).to.include.members(specFiles({ run: 'core' }));
    expect(specFiles({ run: 'core' })).to.include('engine/waiting/waiting.spec.ts');
  });

  it('has the files whose path has one of the words, long ones too', () => {
    expect(specFiles({ words: ['many-keys', 'lease'] })).to.deep.equal([
      'engine/claim/lease.spec.ts',
      'engine/claim/lost-lease.spec.ts',
      'stores/in-memory/many-keys.long.spec.ts',
    ]);
  });

  it('passes where a test has the title, though other processes have none', () => {
    const { status, stdout } = run('request/', '--grep', 'is read where it is a list');
    expect(stdout.match(/^specs, .*: 0 passed/gm)).to.have.length.greaterThan(0);
    expect(stdout).to.match(/^specs, .*: 1 passed, 0 failed/m);
    expect(status).to.equal(0);
  });

  it('fails where no test has the title', () => {
    const { status, stderr } = run('request/read-text', '--grep', 'no such title');
    expect(stderr).to.include('No test passed');
    expect(status).to.equal(1);
  });

  it('fails where no path has the word', () => {
    const { status, stderr } = run('no-such-word');
    expect(stderr).to.include('No spec file has no-such-word in its path');
    expect(status).to.equal(2);
  });
});
