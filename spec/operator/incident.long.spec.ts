import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { pending } from '../support/pending.js';
import { PostgresServer } from '../support/postgres-server.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A command of the document, and what it prints there: `…` stands for what differs each time. */
interface Step {
  readonly command: string;
  readonly printed: string;
}

function stepsOf(document: string): readonly Step[] {
  const text = readFileSync(join(root, document), 'utf8');
  const blocks = [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter(Boolean)
      .map((part) => {
        const [command = '', ...lines] = part.split('\n');
        return { command, printed: lines.join('\n').trim() };
      }),
  );
}

/** The same where columns are as wide as what stands in them, and what differs each time is left open. */
function patternOf(printed: string): RegExp {
  const lines = printed.split('\n').map((line) =>
    line
      .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll(/ *… */g, '.*')
      .replaceAll(/ {2,}/g, ' +'),
  );
  return new RegExp(`^${lines.join('\\n')}$`);
}

describe('the incident of docs/guide/operating.md', () => {
  let server: PostgresServer;
  let bank: ChildProcess;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async function () {
    this.timeout(30_000);
    if (PostgresServer.obstacle) pending(this, PostgresServer.obstacle);
    if (spawnSync('psql', ['--version']).status !== 0) pending(this, 'there is no psql');
    server = await PostgresServer.start();
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrysafe-incident-')));
    cpSync(join(root, 'samples/incident'), folder, { recursive: true });
    // As `npm install retrysafe pg` leaves it.
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules/retrysafe'), 'dir');
    symlinkSync(join(root, 'node_modules/pg'), join(folder, 'node_modules/pg'), 'dir');
    symlinkSync('../retrysafe/dist/cli/main.js', join(folder, 'node_modules/.bin/retrysafe'));
    bank = spawn(process.execPath, ['bank.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const address = await new Promise<string>((resolve) => {
      bank.stdout?.once('data', (line) => resolve(/http:\S+/.exec(String(line))?.[0] ?? ''));
    });
    env = { ...process.env, DATABASE_URL: server.url, BANK_URL: address, npm_config_offline: 'true' };
  });
  after(async () => {
    bank?.kill();
    await server?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('goes as it is told, from the alert to the resolution', async function () {
    this.timeout(60_000);
    const steps = stepsOf('docs/guide/operating.md');
    expect(steps).to.have.length.of.at.least(10);
    for (const { command, printed } of steps) {
      const told = await run(command);
      expect(told, command).to.match(patternOf(printed));
    }
  });

  function run(command: string): Promise<string> {
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        told += String(data);
      });
    return new Promise((resolve) => {
      child.once('close', () => resolve(told.trim()));
    });
  }
});
