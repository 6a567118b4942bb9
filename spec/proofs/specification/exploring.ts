import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bounds } from './scenarios.js';
import { compiled, type Sources, sourcesOf } from './spin.js';

/** What came of exploring a scenario. */
export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** The longest history, in steps. */
  readonly depth: number;
  readonly seconds: number;
  /** Whether every order of all steps was taken. */
  readonly isExhausted: boolean;
  readonly violation?: { readonly guarantee: string; readonly trace: readonly string[] };
}

export interface ExploreOptions {
  readonly sources?: Sources;
  /** Finds a violation by as few steps as it takes. It needs more memory. */
  readonly isShortest?: boolean;
}

const policies = ['run', 'refuse', 'ask'] as const;
/** How much memory one scenario may take, in megabytes. */
const MEMORY = 6_000;

/** Takes every order of all steps within the bounds. Resolves when that is done, or a guarantee is broken. */
export async function explore(
  bounds: Bounds,
  { sources = sourcesOf('exhaustive'), isShortest = false }: ExploreOptions = {},
): Promise<Explored> {
  const constants = constantsOf(bounds);
  const options = [`-DMEMLIM=${MEMORY}`, ...(isShortest ? ['-O0', '-DBFS'] : ['-O2', '-DCOLLAPSE'])];
  const program = compiled({ model: 'exhaustive', sources, constants, options });
  const workspace = mkdtempSync(join(tmpdir(), 'retrysafe-specification-'));
  const from = performance.now();
  try {
    // Where the time ends, so does every history: that is no deadlock.
    const output = await outputOf(program, ['-E', '-n', '-m100000', '-w22'], workspace);
    const guarantee = /assertion violated (.+) \(at depth/.exec(output)?.[1];
    const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
    const errors = number(/errors: (\d+)/);
    return {
      states: number(/(\d+) states, stored/),
      transitions: number(/(\d+) transitions/),
      depth: number(/depth reached (\d+)/),
      seconds: (performance.now() - from) / 1_000,
      isExhausted: errors === 0 && !/Search not completed|search depth too small/.test(output),
      ...(guarantee && { violation: { guarantee, trace: traceIn(workspace, dirname(program), constants) } }),
    };
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

function constantsOf({
  calls,
  writes,
  claims,
  policy,
  attempts,
  horizon,
  ahead,
  decisions,
  resolves,
  own,
}: Bounds) {
  return {
    CALLS: calls,
    WRITES: writes,
    MOST_CLAIMS: claims,
    POLICY: policies.indexOf(policy),
    ATTEMPTS: attempts,
    HORIZON: horizon,
    AHEAD: ahead,
    DECISIONS: decisions,
    RESOLVES: Number(resolves),
    OWN: Number(own),
  };
}

function outputOf(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

/** The steps to a violation, each by the name that it has in protocol.pml, and who takes it. */
function traceIn(workspace: string, folder: string, constants: Readonly<Record<string, number>>): string[] {
  const trail = readdirSync(workspace).find((file) => file.endsWith('.trail'));
  if (!trail) return [];
  const given = Object.entries(constants).map(([constant, value]) => `-D${constant}=${value}`);
  const { stdout } = spawnSync(
    'spin',
    ['-t', '-p', '-k', join(workspace, trail), ...given, 'exhaustive.pml'],
    {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  const names = namesByLine(sourcesOf('exhaustive')['protocol.pml'] ?? '');
  const steps: string[] = [];
  let last = '';
  // The last lines say where each process is in the end.
  for (const line of (stdout.split(/^spin: trail ends/m)[0] ?? '').split('\n')) {
    const [, step, id, role, file, at] =
      /^\s*(\d+):\s+proc\s+(\d+) \((\w+):\d+\) (\S+\.pml):(\d+)/.exec(line) ?? [];
    if (step === undefined || step === last) continue;
    const name = role === 'Time' ? 'passes' : file?.endsWith('protocol.pml') ? names[Number(at)] : undefined;
    if (name === undefined) continue;
    last = step;
    const { CALLS = 0 } = constants;
    const writer = Number(id) - CALLS - 1;
    if (role === 'Network') steps.push(`a write of ${writerNamed(writer, constants)} arrives`);
    else steps.push(role === 'Call' ? `call ${id} ${name}` : `${role} ${name}`.toLowerCase());
  }
  return steps;
}

function writerNamed(writer: number, { CALLS }: Readonly<Record<string, number>>): string {
  return writer === CALLS ? 'the operator' : `call ${writer}`;
}

/** Which step each line belongs to, from 1. Only the first line of a step names it. */
function namesByLine(text: string): readonly (string | undefined)[] {
  let name: string | undefined;
  const steps = text.split('\n').map((line) => {
    const begun = /^inline (\w+)\(/.exec(line)?.[1];
    if (begun) name = /^(sends|checks_\w+|drops_\w+)$/.test(begun) ? undefined : begun.replaceAll('_', ' ');
    return name;
  });
  return [undefined, ...steps];
}
