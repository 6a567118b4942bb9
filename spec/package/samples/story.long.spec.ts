import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { compiled, compileSamples, mode, type Run, root, run } from './compiled.js';

const story = join(compiled, 'pre-fund/story/main.js');
const escapeCode = '\u001b[';
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

function runSample(file: string, args: readonly string[] = [], env?: NodeJS.ProcessEnv): Promise<Run> {
  return run(process.execPath, [file, ...args], env);
}

/** Runs the story on a terminal, which util-linux's `script` gives it. */
async function runOnTerminal(env?: NodeJS.ProcessEnv): Promise<Run | undefined> {
  const command = [process.execPath, story, '--in-memory'].map((word) => `'${word}'`).join(' ');
  return hasTerminal
    ? run('script', ['-qec', command, '/dev/null'], { TERM: 'xterm-256color', ...env })
    : undefined;
}

/** The lines of one scene, without the time that each begins with. A slow machine renews a lease in between. */
function scene({ stdout }: Run, number: string): string[] {
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${number.padEnd(4)}`));
  expect(start, `there is a scene ${number}`).to.be.greaterThan(0);
  const end = lines.indexOf('', start);
  const texts = lines.slice(start + 1, end).map((line) => line.replace(/^ +\d+\.\d\d s {2}/, ''));
  return texts.filter((line) => !line.startsWith('retrysafe   renewed'));
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
  let inMemory: Run;
  let watched: Run;
  let forgetful: Run;
  let disabled: Run;
  let onTerminal: Run | undefined;
  let onPlainTerminal: Run | undefined;

  before(async function () {
    this.timeout(90_000);
    await compileSamples();
    [told, quickStart, inMemory, watched, forgetful, disabled, onTerminal, onPlainTerminal] =
      await Promise.all([
        runSample(story),
        runSample(join(compiled, 'quick-start.js')),
        runSample(story, ['--in-memory']),
        runSample(story, ['--watch-table']),
        runSample(story, ['--in-memory', '--forgetful-bank']),
        runSample(story, ['--in-memory'], { IDEMPOTENCY_DISABLED: 'true' }),
        runOnTerminal(),
        runOnTerminal({ NO_COLOR: '1' }),
      ]);
  });

  describe('the quick start', () => {
    it('places one hold, answers the retry with the same one, and ends by itself', () => {
      expect(quickStart, quickStart.stdout).to.include({ code: 0, stderr: '' });
      expect(quickStart.stdout).to.equal('placing a hold of $250 for T-1001\nthe retry got the same hold\n');
    });

    it('has less than 30 lines', () => {
      const lines = readFileSync(join(root, 'samples/quick-start.ts'), 'utf8').trimEnd().split('\n');
      expect(lines.length).to.be.lessThan(30);
    });
  });

  describe('the Pre-Fund story', () => {
    it('ends well, with exit code 0 and nothing to complain about', () => {
      expect(told, told.stdout).to.include({ code: 0, stderr: '' });
      expect(told.stdout).to.match(
        /\nThe ledger is as it should be: 7 holds, one for each that the bank accepted, \$846\.50\n\n.*npm start -- --stay.*\n$/,
      );
    });

    it('leaves its records to look at where it is asked to, until it is ended', async function () {
      if (told.stdout.includes('in memory: no DynamoDB engine can run here')) return this.skip();
      this.timeout(60_000);
      const child = spawn(process.execPath, [story, '--stay'], { cwd: root });
      let printed = '';
      const command = await new Promise<string>((resolve) => {
        child.stdout.on('data', (text) => {
          printed += String(text);
          const [, found] = /npx retrysafe (ls --store '.*')\n/.exec(printed) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      const env = { AWS_ACCESS_KEY_ID: 'embedded', AWS_SECRET_ACCESS_KEY: 'embedded' };
      const listed = await run(
        'sh',
        ['-c', `"${process.execPath}" "${join(root, 'dist/cli/main.js')}" ${command}`],
        env,
      );
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      expect(await ended).to.equal(0);
      expect(listed.stdout)
        .to.match(/^STATUS/)
        .and.include('PreFundService.placeHold');
    });

    it('keeps its records in a DynamoDB engine, says so, and stops the engine', async function () {
      const port = told.stdout.match(
        /^The records are in a DynamoDB table of dynoxide, at http:\/\/127\.0\.0\.1:(\d+)\.$/m,
      )?.[1];
      if (!port && told.stdout.includes('in memory: no DynamoDB engine can run here')) return this.skip();
      const failure = await new Promise((resolve) => {
        connect(Number(port), '127.0.0.1', () => resolve(undefined)).on('error', resolve);
      });
      expect(failure).to.include({ code: 'ECONNREFUSED' });
    });

    it('goes the same way without an engine, and says that', () => {
      expect(inMemory, inMemory.stdout).to.include({ code: 0, stderr: '' });
      expect(inMemory.stdout).to.include('\nThe records are in memory, as it was asked.\n');
      // The last line is of the records, which an engine leaves to look at.
      const summary = ({ stdout }: typeof told) =>
        stdout.split('requests      runs')[1]?.trim().split('\n').slice(0, -1);
      expect(summary(inMemory)).to.deep.equal(summary(told));
      expect(inMemory.stdout.trim()).to.match(/\nIts records were in memory\. .*$/);
    });

    it('prints the items of the table as they change, where it is asked to', function () {
      if (watched.stdout.includes('there is none to watch')) return this.skip();
      expect(watched, watched.stdout).to.include({ code: 0, stderr: '' });
      expect(told.stdout).not.to.match(/ s {2}table /);
      const item = (state: string, attempt: number, token: string) =>
        new RegExp(
          `^table +holds#[0-9a-f]{6}… +${state}, attempt ${attempt} +token ${token} +${state === 'completed' ? 'expires in 1 d' : 'never expires'}$`,
          'm',
        );
      const text = scene(watched, '5a').join('\n');
      expect(text).to.match(item('in-progress', 1, '.{4}….\\d+'));
      expect(text).to.match(item('in-progress', 2, '.{4}….\\d+'));
      expect(watched.stdout.replace(/^ +\d+\.\d\d s {2}/gm, '')).to.match(item('completed', 2, '.{4}….\\d+'));
      expect(watched.stdout.split('\n').filter((line) => line.length > 100)).to.be.empty;
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
      expect(lines[2]).to.match(
        /the bank is asked for a hold, key [0-9a-f]{8}…: it places H-1 of \$250\.00$/,
      );
      expect(lines[4]).to.match(/201 {2}H-1 of \$250\.00$/);
    });

    it('is what the README shows of it', () => {
      const readme = readFileSync(join(root, 'README.md'), 'utf8');
      const shown = readme.match(/^```text\n(.*?)^```$/ms)?.[1]?.split('\n\n') ?? [];
      expect(shown).to.have.length(3);
      // A machine that is slow has nothing to wait for when the lease has ended.
      const comparable = (text: string) =>
        text
          .replace(/^ +\d+\.\d\d s {2}/gm, '')
          .replace(/process \d+|-?\d\.\d s$/gm, '…')
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('retrysafe   waited'));
      for (const text of shown) {
        const [title = ''] = text.split('\n');
        expect(told.stdout).to.include(`\n${title}\n`);
        const ran = scene(told, title.split(' ')[0] ?? '').join('\n');
        expect(comparable(ran)).to.have.members(comparable(text).slice(1));
      }
    });

    it('answers a sender whose answer was lost with the same hold, marked as a replay, and runs nothing', () => {
      const lines = scene(told, '2');
      expect(lines.at(-1)).to.equal(`${scene(told, '1').at(-1)}  Idempotency-Replayed`);
      expect(lines.filter((line) => line.startsWith('ran'))).to.be.empty;
      expect(lines.join('\n')).to.match(/^lost .*\n^arrived .*T-1001.*\n^retrysafe +replayed/m);
    });

    it('answers 20 copies at once with one hold', () => {
      const text = scene(told, '3').join('\n');
      expect(text).to.match(/^arrived .*T-1002 .* × 20$/m);
      expect(text.match(/^ran .*/gm)).to.have.length(1);
      expect(text).to.match(/^answered +201 {2}H-2 of \$120\.00$/m);
      expect(text).to.match(/^answered +201 {2}H-2 of \$120\.00 {2}Idempotency-Replayed {2}× 19$/m);
    });

    it('refuses another amount for the same transaction with 422', () => {
      const text = scene(told, '4').join('\n');
      expect(text).to.match(/^arrived .*T-1001 .*\n^retrysafe +refused +ERR_IDEMPOTENCY_FINGERPRINT$/m);
      expect(text).to.match(/^answered +422 {2}The key was used for another request: /m);
      expect(text).not.to.match(/^ran/m);
    });

    for (const [number, atTheBank, recovery] of [
      [
        '5a',
        ['it never hears of it', 'it places H-3 of $75.00'],
        ['it knows of no hold', 'ran', 'H-3 of $75.00'],
      ],
      ['5b', ['it places H-4 of $60.00'], ['H-4 stands', 'retrysafe', 'H-4 of $60.00']],
    ] as const) {
      it(`kills a process that holds a key, and the next copy asks the bank what became of it (${number})`, () => {
        const lines = scene(told, number);
        const text = lines.join('\n');
        const dead = text.match(/^killed +(process \d+), by SIGKILL$/m)?.[1];
        expect(text).to.match(/^on record +in-progress, attempt 1, leased for another -?\d\.\d s$/m);
        expect(text).to.match(/^retrysafe +taken-over +the key was abandoned: what became of attempt 1\?$/m);
        expect(lines).to.include(`retrysafe   claimed     the key is free: attempt 1 begins, in ${dead}`);
        const asked = [...text.matchAll(/^(ran|recovery) .*, key (.{8})…: (.*)$/gm)];
        expect(asked.filter(([, who]) => who === 'ran').map(([, , , what]) => what)).to.deep.equal(atTheBank);
        const [found, next, hold] = recovery;
        const looked = lines.findIndex((line) => line.startsWith('recovery'));
        expect(lines[looked]).to.match(new RegExp(`: ${found}$`));
        expect(lines[looked + 1]).to.match(new RegExp(`^${next} `));
        const keys = new Set(text.match(/(?<=key )[0-9a-f]{8}(?=…)/g));
        expect(keys.size, 'keys that the processes derived').to.equal(1);
        expect(lines.at(-1)).to.equal(`answered    201  ${hold}`);
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

    it('settles the good messages of a batch once, and parks the poison alone', () => {
      const text = scene(told, '7').join('\n');
      // The messages of a batch are settled at the same time.
      expect(text.match(/^ran .*/gm)).to.have.members([
        'ran         the bank is asked to pay T-1001: it pays $250.00',
        'ran         the bank is asked to pay T-1002: it pays $120.00',
      ]);
      expect(text.match(/^parked .*/gm)).to.deep.equal([
        'parked      InvalidRequest: {"transactionId":"T-1002",',
        'parked      ERR_IDEMPOTENCY_KEY: {"cents":12000}',
      ]);
      expect(
        text.match(/^answered +no message of delivery \d failed: the queue deletes all of them$/gm),
      ).to.have.length(2);
    });

    it('tells the states of a workflow apart, and replays the one that is entered twice', () => {
      const answers = scene(told, '8').filter((line) => /^(answered|retrysafe +replayed)/.test(line));
      expect(answers).to.deep.equal([
        'answered    H-6 of $300.00',
        'retrysafe   replayed    the outcome on record',
        'answered    H-6 of $300.00',
        'answered    H-7 of $1.50',
      ]);
    });

    it('pays back once, with the outcome in the same transaction, and never more than was paid', () => {
      const text = scene(told, '9').join('\n');
      expect(text.match(/^(ran|answered) .*/gm)).to.deep.equal([
        'ran         a transaction of $200.00 and the outcome: both are written',
        'answered    201  R-1 is paid back',
        'answered    201  R-1 is paid back',
        'ran         a transaction of $200.00 and the outcome: neither is written',
        'answered    409  NotRefundable: There is not as much to pay back of this transaction.',
      ]);
    });

    it('ends with a table of requests, runs, holds, replays and refusals', () => {
      const numbers = ['1', '2', '3', '4', '5a', '5b', '6a', '6b', '7', '8', '9', '    In all'];
      expect(
        Object.fromEntries(numbers.map((number) => [number.trim(), tableRow(told, number)?.join(' ')])),
      ).to.deep.equal({
        1: '1 1 1 0 0',
        2: '1 0 0 1 0',
        3: '20 1 1 19 0',
        4: '1 0 0 0 1',
        '5a': '2 2 1 0 0',
        '5b': '2 1 1 0 0',
        '6a': '2 1 0 1 0',
        '6b': '2 2 1 0 0',
        7: '6 2 0 2 0',
        8: '3 2 2 1 0',
        9: '3 2 0 1 0',
        'In all': '43 14 7 25 1',
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
      expect(tableRow(forgetful, '5b')).to.deep.equal(['2', '2!', '2!', '0', '0']);
      expect(forgetful.stdout).to.match(
        /^Not as it should be: T-1004: holds on the ledger: \["H-4","H-5"\], it should be \["H-5"\]$/m,
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
