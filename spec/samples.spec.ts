import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('retrysafe/package.json'));
const mode = decoratorMode();
const compiled = join(root, `.build/samples-${mode}`);
const story = join(compiled, 'pre-fund/main.js');
const escapeCode = '\u001b[';
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

/** Whoever compiled this spec tells a decorator's mode by its number of arguments. */
function decoratorMode(): 'standard' | 'legacy' {
  let given = 0;
  const count = (...decorated: readonly unknown[]): void => {
    given = decorated.length;
  };
  class Counted {
    @count
    method(): void {}
  }
  return Counted && given === 3 ? 'legacy' : 'standard';
}

function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const { NO_COLOR, FORCE_COLOR, CI, IDEMPOTENCY_DISABLED, NODE_ENV, ...env } = process.env;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr, seconds: (performance.now() - startedAt) / 1_000 });
    });
  });
}

function runSample(file: string, args: readonly string[] = [], env?: NodeJS.ProcessEnv): Promise<Run> {
  return run(process.execPath, [file, ...args], env);
}

/** Runs the story on a terminal, which util-linux's `script` gives it. */
async function runOnTerminal(env?: NodeJS.ProcessEnv): Promise<Run | undefined> {
  const command = [process.execPath, story].map((word) => `'${word}'`).join(' ');
  return hasTerminal
    ? run('script', ['-qec', command, '/dev/null'], { TERM: 'xterm-256color', ...env })
    : undefined;
}

/** The lines of one scene, without the time that each begins with. */
function scene({ stdout }: Run, number: string): string[] {
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${number.padEnd(4)}`));
  expect(start, `there is a scene ${number}`).to.be.greaterThan(0);
  const end = lines.indexOf('', start);
  return lines.slice(start + 1, end).map((line) => line.replace(/^ +\d+\.\d\d s {2}/, ''));
}

/** The numbers of one row of the table: requests, runs, holds, replays, refused. */
function tableRow({ stdout }: Run, number: string): string[] | undefined {
  const rows = stdout.slice(stdout.indexOf('requests      runs')).split('\n');
  const found = rows.find((line) => line.startsWith(number.padEnd(4)));
  return found
    ?.match(/(?: +\d+!?){5}$/)?.[0]
    .trim()
    .split(/ +/);
}

describe(`the samples, compiled with ${mode} decorators`, () => {
  let quickStart: Run;
  let told: Run;
  let forgetful: Run;
  let disabled: Run;
  let onTerminal: Run | undefined;
  let onPlainTerminal: Run | undefined;

  before(async function () {
    this.timeout(60_000);
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
    const flags = mode === 'legacy' ? ['--experimentalDecorators'] : [];
    const built = await run(process.execPath, [tsc, '-p', 'samples', '--outDir', compiled, ...flags]);
    expect(built.stdout, 'what the compiler says about the samples').to.equal('');
    [quickStart, told, forgetful, disabled, onTerminal, onPlainTerminal] = await Promise.all([
      runSample(join(compiled, 'quick-start.js')),
      runSample(story),
      runSample(story, ['--forgetful-bank']),
      runSample(story, [], { IDEMPOTENCY_DISABLED: 'true' }),
      runOnTerminal(),
      runOnTerminal({ NO_COLOR: '1' }),
    ]);
  });

  describe('the quick start', () => {
    it('places one hold, answers the retry with the same one, and ends by itself', () => {
      expect(quickStart).to.include({ code: 0, stderr: '' });
      expect(quickStart.stdout).to.equal('placing a hold of $250 for T-1001\nthe retry got the same hold\n');
    });

    it('has less than 30 lines', () => {
      const lines = readFileSync(join(root, 'samples/quick-start.ts'), 'utf8').trimEnd().split('\n');
      expect(lines.length).to.be.lessThan(30);
    });
  });

  describe('the Pre-Fund story', () => {
    it('ends well, with exit code 0 and nothing to complain about', () => {
      expect(told).to.include({ code: 0, stderr: '' });
      expect(told.stdout).to.match(
        /\nThe ledger is as it should be: 5 holds, one for each that the bank accepted, \$545\.00\n$/,
      );
    });

    it('takes less than 10 seconds', () => {
      expect(told.seconds).to.be.lessThan(10);
    });

    it('places a hold, and prints what arrived, what ran and what was answered', () => {
      const lines = scene(told, '1');
      expect(lines.map((line) => line.slice(0, 10).trim())).to.deep.equal([
        'arrived',
        'retrysafe',
        'ran',
        'retrysafe',
        'answered',
      ]);
      expect(lines[0]).to.match(/POST \/pre-fund\/holds {2}T-1001 {2}\$250\.00$/);
      expect(lines[2]).to.match(/placeHold asks the bank, key [0-9a-f]{8}…: it places H-1 of \$250\.00$/);
      expect(lines[4]).to.match(/201 {2}H-1 of \$250\.00$/);
    });

    it('answers a sender whose answer was lost with the same hold, and runs nothing', () => {
      const lines = scene(told, '2');
      expect(lines.at(-1)).to.equal(scene(told, '1').at(-1));
      expect(lines.filter((line) => line.startsWith('ran'))).to.be.empty;
      expect(lines.join('\n')).to.match(/^lost .*\n^arrived .*T-1001.*\n^retrysafe +replayed/m);
    });

    it('answers 20 copies at once with one hold', () => {
      const text = scene(told, '3').join('\n');
      expect(text).to.match(/^arrived .*T-1002 .* × 20$/m);
      expect(text.match(/^ran .*/gm)).to.have.length(1);
      expect(text).to.match(/^answered +201 {2}H-2 of \$120\.00 {2}× 20$/m);
    });

    it('refuses another amount for the same transaction with 422', () => {
      const text = scene(told, '4').join('\n');
      expect(text).to.match(/^arrived .*T-1001 .*\n^retrysafe +refused +ERR_IDEMPOTENCY_FINGERPRINT$/m);
      expect(text).to.match(/^answered +422 {2}FingerprintError: /m);
      expect(text).not.to.match(/^ran/m);
    });

    for (const [number, first, second] of [
      ['5a', 'it never hears of it', 'it places H-3 of $75.00'],
      ['5b', 'it places H-4 of $60.00', 'it knows the key, H-4 stands'],
    ] as const) {
      it(`kills a process that holds a claim, and the next copy takes over after the lease (${number})`, () => {
        const lines = scene(told, number);
        const text = lines.join('\n');
        const dead = text.match(/^killed +(process \d+), by SIGKILL$/m)?.[1];
        expect(text).to.match(/^on record +in-progress, attempt 1, leased for another -?\d\.\d s$/m);
        expect(text).to.match(/^retrysafe +taken-over +the key was abandoned: attempt 2 begins$/m);
        expect(lines).to.include(`retrysafe   claimed     the key is free: attempt 1 begins, in ${dead}`);
        const asked = [...text.matchAll(/^ran .*, key (.{8})…: (.*)$/gm)].map(([, key, what]) => ({
          key,
          what,
        }));
        expect(asked.map(({ what }) => what)).to.deep.equal([first, second]);
        expect(asked[0]?.key, 'the key that both processes derived').to.equal(asked[1]?.key);
        expect(lines.at(-1)).to.match(/^answered +201 {2}H-[34] of /);
      });
    }

    it('remembers the refusal of the bank, and asks it no second time', () => {
      const text = scene(told, '6a').join('\n');
      expect(text.match(/^ran .*/gm)).to.have.length(1);
      expect(
        text.match(/^answered +402 {2}InsufficientFunds: only \$1,495\.00 are available$/gm),
      ).to.have.length(2);
    });

    it('tries again after a failure that is no outcome', () => {
      const text = scene(told, '6b').join('\n');
      expect(text).to.match(/^answered +503 {2}BankUnavailable: /m);
      expect(text).to.match(/^retrysafe +taken-over +the key was released: attempt 2 begins$/m);
      expect(text).to.match(/^answered +201 {2}H-5 of \$40\.00$/m);
    });

    it('ends with a table of requests, runs, holds, replays and refusals', () => {
      const numbers = ['1', '2', '3', '4', '5a', '5b', '6a', '6b', '    In all'];
      expect(
        Object.fromEntries(numbers.map((number) => [number.trim(), tableRow(told, number)?.join(' ')])),
      ).to.deep.equal({
        1: '1 1 1 0 0',
        2: '1 0 0 1 0',
        3: '20 1 1 19 0',
        4: '1 0 0 0 1',
        '5a': '2 2 1 0 0',
        '5b': '2 2 1 0 0',
        '6a': '2 1 0 1 0',
        '6b': '2 2 1 0 0',
        'In all': '31 9 5 21 1',
      });
    });

    it('fits into 100 columns, without escape codes where there is no terminal', () => {
      expect(told.stdout.split('\n').filter((line) => line.length > 100)).to.be.empty;
      expect(told.stdout).not.to.include(escapeCode);
    });

    it('has colours on a terminal, unless NO_COLOR is set', function () {
      if (!onTerminal || !onPlainTerminal) return this.skip();
      expect(onTerminal.code).to.equal(0);
      expect(onTerminal.stdout).to.include(escapeCode);
      expect(onPlainTerminal.code).to.equal(0);
      expect(onPlainTerminal.stdout)
        .to.include('The ledger is as it should be')
        .and.not.to.include(escapeCode);
    });
  });

  describe('the Pre-Fund story, where something is not as it should be', () => {
    it('ends with exit code 1 when the ledger has a hold too many, and says which', () => {
      expect(forgetful.code).to.equal(1);
      expect(tableRow(forgetful, '5b')).to.deep.equal(['2', '2', '2!', '0', '0']);
      expect(forgetful.stdout).to.match(
        /^Not as it should be: T-1004: holds on the ledger: \["H-4","H-5"\]/m,
      );
      expect(forgetful.stdout).not.to.include('The ledger is as it should be');
    });

    it('ends with exit code 1 when methods run as often as they are called', () => {
      expect(disabled.code).to.equal(1);
      expect(tableRow(disabled, '3')).to.deep.equal(['20', '20!', '1', '0!', '0']);
      expect(disabled.stdout).to.match(/^Not as it should be: 4: status: 201, it should be 422$/m);
    });
  });
});
