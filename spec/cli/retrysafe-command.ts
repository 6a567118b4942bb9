import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const { bin }: { bin: { retrysafe: string } } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const commandFile = join(root, bin.retrysafe);

export interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folder of a service, with the packages that it has installed, in which an operator runs commands. */
export class ServiceFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'retrysafe-service-')));

  /** `installed`: whether it has the packages that this project has. */
  constructor(installed = true) {
    this.write('package.json', '{ "type": "module" }');
    if (installed) symlinkSync(join(root, 'node_modules'), join(this.path, 'node_modules'), 'dir');
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** Runs the command that was built. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.execute(process.execPath, [commandFile, ...args], env);
  }

  execute(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return new Promise((resolve) => {
      execFile(file, args, { cwd: this.path, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      ).stdin?.end();
    });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The lines of JSON that a command has printed. */
export function linesOf<T>(text: string): T[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
