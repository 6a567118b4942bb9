import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The compiled proofs are in .build/spec-standard/proofs/, and what is no TypeScript stays where it is.
const root = fileURLToPath(new URL('../../../../', import.meta.url));
/** Where the models are. */
export const models = join(root, 'spec/proofs/specification');
const cache = join(root, '.build/specification');

export type Model = 'exhaustive' | 'trace';

/** Why no model can be checked on this machine, with what to install, if so. */
export function obstacleToSpin(): string | undefined {
  const missing = [
    ['spin', '-V'],
    ['gcc', '--version'],
  ].filter(([tool = '', option = '']) => spawnSync(tool, [option], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return undefined;
  const names = missing.map(([tool]) => tool);
  return `${names.join(' and ')} not found on this machine (apt-get install spin gcc)`;
}

/** The text of each file of a model, for controls that change one line of it. */
export type Sources = Readonly<Record<string, string>>;

export function sourcesOf(model: Model): Sources {
  return Object.fromEntries(
    ['protocol.pml', `${model}.pml`].map((name) => [name, readFileSync(join(models, name), 'utf8')]),
  );
}

export interface Verifier {
  readonly model: Model;
  readonly sources: Sources;
  /** Constants of the model. */
  readonly constants: Readonly<Record<string, number>>;
  /** Options of the compiler. */
  readonly options: readonly string[];
}

/**
 * Returns the path of the program that spin makes of a model. One that was made before of the same text is used again.
 *
 * @throws {Error} with what spin or the compiler says.
 */
export function compiled(verifier: Verifier): string {
  const { model, sources, constants, options } = verifier;
  const name = createHash('sha256').update(JSON.stringify(verifier)).digest('hex').slice(0, 20);
  const folder = join(cache, name);
  const program = join(folder, 'pan');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const workspace = mkdtempSync(join(cache, 'making-'));
  for (const [file, text] of Object.entries(sources)) writeFileSync(join(workspace, file), text);
  const given = Object.entries(constants).map(([constant, value]) => `-D${constant}=${value}`);
  ended(workspace, 'spin', ['-a', ...given, `${model}.pml`]);
  ended(workspace, 'gcc', ['-w', '-DSAFETY', '-DNOREDUCE', ...options, '-o', 'pan', 'pan.c']);
  rmSync(folder, { recursive: true, force: true });
  renameSync(workspace, folder);
  return program;
}

function ended(cwd: string, tool: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd, encoding: 'utf8' });
  // spin ends with 0 after some errors.
  if (status !== 0 || /Error:/.test(stdout)) throw new Error(`${tool} ${args.join(' ')}: ${stdout}${stderr}`);
}
