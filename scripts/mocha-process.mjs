// Runs spec files in a mocha process of their own and reads from what it prints what passed.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './spec-files.mjs';

const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
const exitGraceMs = 10_000;

// A run that is terminated early prints what its processes have printed so far.
const running = new Set();
process.once('SIGTERM', () => {
  for (const { child, tell } of running) {
    tell();
    child.kill();
  }
  process.exit(1);
});

/**
 * Runs compiled spec files and resolves to their counts, the failures in a line each, and the lines that say what could not
 * run here. What mocha prints appears as a whole at the end, because other processes print as well.
 */
export function runMocha({ title, files, node, mochaOptions }) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? ['--color'] : [];
  const args = ['--enable-source-maps', mocha, ...colour, ...mochaOptions, ...files];
  // The AWS SDK announces the end of Node.js 20 in every process. A spec that expects no warning would see it.
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const started = Date.now();
  console.log(`${title}, ${files.length} files …`);
  return new Promise((resolve) => {
    const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const told = { output: '', printed: '', leaked: false };
    const job = { child, tell: () => console.log(`\n${title}, unfinished\n${told.printed}`) };
    running.add(job);
    const stopReading = read(child, told);
    child.on('close', (code) => {
      stopReading();
      running.delete(job);
      console.log(`\n${title}\n${told.printed}`);
      resolve({ ...result(code, told), seconds: (Date.now() - started) / 1000 });
    });
  });
}

/** Collects what a process prints. It is killed when it does not end soon after its last test. */
function read(child, told) {
  let grace;
  child.stdout.on('data', (chunk) => {
    told.printed += chunk;
    told.output += chunk;
    if (!/^ +\d+ passing/m.test(plain(told.output))) return;
    clearTimeout(grace);
    grace = setTimeout(() => {
      told.leaked = true;
      child.kill('SIGKILL');
    }, exitGraceMs);
  });
  child.stderr.on('data', (chunk) => {
    told.printed += chunk;
  });
  return () => clearTimeout(grace);
}

function result(code, { output, printed, leaked }) {
  const failures = failuresIn(output);
  const failed = count(output, 'failing');
  if (leaked) failures.push('a handle left open by a spec kept the process alive');
  else if (failed === 0 && code !== 0) failures.push(`mocha ended with exit code ${code}`);
  else if (!/^ +\d+ passing\b/m.test(plain(output))) failures.push('mocha ended without a count of tests');
  return {
    passed: count(output, 'passing'),
    failed: Math.max(failed, failures.length),
    pending: count(output, 'pending'),
    failures,
    obstacles:
      plain(printed)
        .match(/^.*\bPENDING: .*$/gm)
        ?.map((line) => line.replace(/^.*?PENDING: /, '')) ?? [],
  };
}

function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character.
  return text.replace(/\u001b\[\d*m/g, '');
}

function count(output, word) {
  const found = [...plain(output).matchAll(new RegExp(`^ +(\\d+) ${word}\\b`, 'gm'))].at(-1);
  return found ? Number(found[1]) : 0;
}

/** What mocha's reporters list after their counts: for each failure its title and what was wrong, in one line. */
function failuresIn(output) {
  const list =
    plain(output)
      .split(/^ +\d+ failing$/m)
      .at(1) ?? '';
  return list
    .split(/^ {2}(?=\d+\) )/m)
    .slice(1)
    .map((failure) => {
      const [title = '', wrong = ''] = failure.split(/:\n\s*\n?/);
      const [, words] = wrong.match(/^ *(\S.*)/m) ?? [];
      return `${title.replace(/^\d+\) /, '').replace(/\s+/g, ' ')}: ${words ?? 'see above'}`.slice(0, 400);
    });
}
