import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

export const loopback = '127.0.0.1';
const startLimit = 20_000;
// The server ends with this process, however that ends: a watcher reads a pipe, which then breaks.
const untilParentEnds = `
(
  trap '' HUP INT TERM
  [ "$(cat <&3)" = ended ] && exit
  kill -s "$1" $$
  for _ in 1 2 3 4 5 6 7 8; do kill -0 $$ || break; sleep 0.2; done
  rm -rf "$2"
) >/dev/null 2>&1 &
shift 2
exec "$@" 3<&-`;

/** The user that runs a server, where that is not the user of this process. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** How a server is run. */
export interface ServerCommand {
  readonly command: readonly string[];
  /** Its folder, which it starts in. */
  readonly folder: ServerFolder;
  /** What it prints when it serves. */
  readonly ready: RegExp;
  /** What ends it at once. */
  readonly signal?: NodeJS.Signals;
  /** How long it may take until it serves, in milliseconds. Default: 20 seconds. */
  readonly startLimitMs?: number;
}

const folders = new Set<ServerFolder>();
process.once('exit', () => {
  for (const folder of folders) folder.remove();
});

/** A temporary folder of a server. */
export class ServerFolder {
  readonly path: string;

  constructor(
    name: string,
    readonly user?: SystemUser,
  ) {
    this.path = mkdtempSync(join(tmpdir(), `retrysafe-${name}-`));
    if (user) chownSync(this.path, user.uid, user.gid);
    folders.add(this);
  }

  remove(): void {
    folders.delete(this);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A server that this process started. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #signal: NodeJS.Signals;
  /** Resolves when the server has ended, and all processes that it started and that can still say something. */
  readonly #ended: Promise<unknown>;
  #said = '';

  private constructor({ command, folder, signal = 'SIGKILL' }: ServerCommand) {
    this.#signal = signal;
    const watched = [untilParentEnds, 'server', signal.slice('SIG'.length), folder.path, ...command];
    this.#child = spawn('sh', ['-c', ...watched], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...folder.user,
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', resolve);
      this.#child.once('error', (error) => {
        this.#said += error.message;
        resolve(undefined);
      });
    });
    // Its process id may be another's from then on: the watcher has nothing to do any more.
    const watcher = this.#child.stdio[3] as Writable | undefined;
    watcher?.on('error', () => {});
    this.#child.once('exit', () => watcher?.end('ended'));
  }

  /** Resolves when it serves; rejects with what it said where it does not. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    const failure = await server.#failureToServe(command);
    if (failure === undefined) return server;
    await server.stop();
    throw new Error(`${command.command[0]} does not start: ${failure}. It said: ${server.#said.trim()}`);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The last of what it printed. */
  get said(): string {
    return this.#said;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop(): Promise<void> {
    await this.#end(this.#signal);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.pid !== undefined && !this.hasEnded) this.#child.kill(signal);
    await this.#ended;
  }

  async #failureToServe({ ready, startLimitMs = startLimit }: ServerCommand): Promise<string | undefined> {
    let limit: NodeJS.Timeout | undefined;
    const serves = new Promise<undefined>((resolve) => {
      const hear = (chunk: Buffer) => {
        const said = this.#said + chunk;
        if (ready.test(said)) resolve(undefined);
        this.#said = said.slice(-10_000);
      };
      // Read to the end: a pipe that is full holds a server up.
      this.#child.stdout?.on('data', hear);
      this.#child.stderr?.on('data', hear);
    });
    const failed = this.#ended.then(() => 'it ended');
    const late = new Promise<string>((resolve) => {
      limit = setTimeout(resolve, startLimitMs, `it is not ready after ${startLimitMs / 1000} s`);
    });
    try {
      return await Promise.race([serves, failed, late]);
    } finally {
      clearTimeout(limit);
    }
  }
}

/** Starts a server on a port that was free just now. If another process takes that port first, it tries another one. */
export async function startOnFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === 5 || !/in use/i.test(String(error))) throw error;
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, loopback);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}
