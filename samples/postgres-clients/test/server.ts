// Starts a PostgreSQL server of this machine on a free loopback port, with its data in a folder of its own.
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Resolves to the server that `DATABASE_URL` names, else to one that it starts, or to nothing where none is installed. */
export async function startServer(): Promise<Server | undefined> {
  if (process.env.DATABASE_URL) return { url: process.env.DATABASE_URL, stop: async () => {} };
  const binaries = findBinaries();
  if (!binaries) return undefined;
  // The server refuses to run as root. The folder is not in TMPDIR, which another user need not be able to enter.
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  const folder = mkdtempSync('/tmp/postgres-clients-');
  if (user) chownSync(folder, user.uid, user.gid);
  const initdb = ['--pgdata', folder, '--username=postgres', '--auth=trust', '--no-sync', '--locale=C'];
  execFileSync(join(binaries, 'initdb'), initdb, {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await freePort();
  const options = ['-D', folder, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'];
  const child = spawn(join(binaries, 'postgres'), options, {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = () => {
    child.kill('SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', end);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes('ready to accept connections')) resolve();
    });
    ended.then(() => reject(new Error(`PostgreSQL ended:\n${log}`)));
  });
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
    end();
  };
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
}

/** The newest of Debian's, else what is on the PATH. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

function unprivileged(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    try {
      const ask = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }));
      return { uid: ask('-u'), gid: ask('-g') };
    } catch {
      // There is no such user.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
