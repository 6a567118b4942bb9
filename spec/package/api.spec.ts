import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as retrysafe from 'retrysafe';
import * as testing from 'retrysafe/testing';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const kept = join(root, 'spec/package/api');

function check(reports: string) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/api-report.mjs'), '--check', reports],
    { encoding: 'utf8' },
  );
  return { status, said: stdout + stderr };
}

describe('the report of the public face', () => {
  let reports: string;
  beforeEach(() => {
    reports = mkdtempSync(join(tmpdir(), 'api-'));
    cpSync(kept, reports, { recursive: true });
  });
  afterEach(() => rmSync(reports, { recursive: true }));

  it('is that of the declarations as they are', () => {
    expect(check(reports)).to.deep.include({ status: 0 });
  });

  it('fails where an option, or a whole export, came or went unnoticed', () => {
    const file = join(reports, 'retrysafe.d.ts.txt');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^ {4}readonly keepLocal.*\n/m, ''));
    expect(check(reports)).to.satisfy(
      ({ status, said }: ReturnType<typeof check>) =>
        status === 1 && said.includes('retrysafe.d.ts.txt') && said.includes('npm run api'),
    );
    writeFileSync(file, text);
    rmSync(join(reports, 'retrysafe-redis.d.ts.txt'));
    expect(check(reports).said).to.include('retrysafe-redis.d.ts.txt');
  });

  it('has every value that an entry exports', () => {
    for (const [name, entry] of Object.entries({ retrysafe, 'retrysafe-testing': testing })) {
      const text = readFileSync(join(kept, `${name}.d.ts.txt`), 'utf8');
      for (const value of Object.keys(entry)) {
        expect(text).to.match(
          new RegExp(`^export declare (abstract )?(class|function|const) ${value}\\b`, 'm'),
        );
      }
    }
  });
});
