import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';

const require = createRequire(import.meta.url);

export const root = dirname(require.resolve('retrysafe/package.json'));

/** How this spec was compiled; the samples are compiled in the same way. */
export const mode = decoratorMode();

/** Where the compiled samples are. */
export const compiled = join(root, `.build/samples-${mode}`);

/** What a program printed, and how it ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The number of a decorator's arguments tells in which mode this spec was compiled. */
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

/** Runs a program in the project's folder. The specs' own environment does not reach it where it would matter. */
export function run(
  command: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
  onStart: (child: ChildProcess) => void = () => {},
): Promise<Run> {
  const {
    NO_COLOR,
    FORCE_COLOR,
    CI,
    IDEMPOTENCY_DISABLED,
    NODE_ENV,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED,
    ...env
  } = process.env;
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
      resolve({ code, stdout, stderr });
    });
    onStart(child);
  });
}

let compiling: Promise<void> | undefined;

/** Compiles the samples, once in a process, in the mode of this spec. */
export function compileSamples(): Promise<void> {
  compiling ??= compile();
  return compiling;
}

async function compile(): Promise<void> {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const flags = mode === 'legacy' ? ['--experimentalDecorators'] : [];
  const built = await run(process.execPath, [tsc, '-p', 'samples', '--outDir', compiled, ...flags]);
  expect(built.stdout, 'what the compiler says about the samples').to.equal('');
}

/** Loads a compiled file of the Pre-Fund application. */
export function load<Module>(file: string): Promise<Module> {
  return import(pathToFileURL(join(compiled, 'pre-fund', file)).href);
}
