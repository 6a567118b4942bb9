import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type Checker,
  type Ended,
  type Finding,
  type MochaReport,
  nameOf,
  proofFinding,
  specsFinding,
} from './checkers.js';
import { type PackageCopy, root } from './package-copy.js';

const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
const compiled = '.build/spec-standard';
/** How long a checker may take, in milliseconds, and how long one test: a flaw may be that something never ends. */
const longest = { checker: 120_000, test: 5_000 };
/** The same about the library as it is: many of them run in one process, and nothing of it never ends. */
const longestControl = { checker: 900_000, test: 60_000 };

/** Whether a checker is there at all. Those of other folders need not be. */
export function isThere(checker: Checker): boolean {
  return checker.kind === 'specs' || existsSync(join(root, compiled, 'proofs', checker.folder, 'main.js'));
}

/** Runs a checker on a copy of the package, in a process of its own. */
export async function check(
  copy: PackageCopy,
  checker: Checker,
  { bail = true, number = 0, limits = longest } = {},
): Promise<Finding> {
  const specs = join(copy.folder, compiled);
  if (checker.kind === 'proof') {
    return proofFinding(
      await run(copy, [join(specs, 'proofs', checker.folder, 'main.js'), ...checker.options], limits.checker),
    );
  }
  const missing = checker.files.find((file) => !existsSync(join(specs, `${file}.spec.js`)));
  if (missing) return { kind: 'broken', why: `there is no spec/${missing}.spec.ts` };
  const report = join(copy.folder, `report-${number}.json`);
  const args = [
    mocha,
    '--exit',
    ...(bail ? ['--bail'] : []),
    `--timeout=${limits.test}`,
    '--reporter=json',
    `--reporter-option=output=${report}`,
    ...(checker.only === undefined ? [] : [`--fgrep=${checker.only}`]),
    ...checker.files.map((file) => join(specs, `${file}.spec.js`)),
  ];
  const ended = await run(copy, args, limits.checker);
  return specsFinding(ended, existsSync(report) ? read(report) : undefined);
}

/** The checkers' findings about the library as it is, by what they are called. All of them should be `passed`. */
export async function controls(
  copy: PackageCopy,
  checkers: readonly Checker[],
): Promise<ReadonlyMap<string, Finding>> {
  const findings = new Map<string, Finding>();
  for (const [number, checker] of merged(checkers).entries()) {
    findings.set(
      nameOf(checker),
      await check(copy, checker, { number, bail: false, limits: longestControl }),
    );
  }
  return findings;
}

/** The same checkers in fewer processes: spec files that run as a whole run together. */
function merged(checkers: readonly Checker[]): Checker[] {
  const files = new Set<string>();
  const others = new Map<string, Checker>();
  for (const checker of checkers) {
    if (checker.kind === 'specs' && checker.only === undefined)
      for (const file of checker.files) files.add(file);
    else others.set(nameOf(checker), checker);
  }
  const whole: Checker[] = files.size > 0 ? [{ kind: 'specs', files: [...files].sort() }] : [];
  return [...whole, ...others.values()];
}

function read(report: string): MochaReport {
  return JSON.parse(readFileSync(report, 'utf8')) as MochaReport;
}

const running = new Set<ChildProcess>();

/** Ends a checker, and the processes that it has started. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended just now.
  }
}

/** Ends all checkers. They have process groups of their own, so that nothing else ends them with this process. */
export function endAll(): void {
  for (const child of running) end(child);
}

function run(copy: PackageCopy, args: readonly string[], limit: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', ...args], {
      cwd: copy.folder,
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Those that it starts must end with it.
      detached: true,
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    running.add(child);
    const stop = setTimeout(() => end(child), limit);
    child.on('close', (code) => {
      clearTimeout(stop);
      running.delete(child);
      resolve({ code, output });
    });
  });
}
