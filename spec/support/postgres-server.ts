import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { OwnServer, startIn } from './own-server.js';
import { loopback, type ServerCommand, ServerFolder, type SystemUser } from './server-process.js';

const run = promisify(execFile);
const debian = '/usr/lib/postgresql';
const user = 'retrysafe';

export interface PostgresServerOptions {
  /** Whether what is committed is on the disk. Without it, it survives the end of the server, but not of the machine. */
  readonly durable?: boolean;
}

/** A PostgreSQL server that one spec controls. */
export class PostgresServer extends OwnServer {
  /** Why this machine cannot run one, if so. */
  static get obstacle(): string | undefined {
    if (!binaries) return 'there is no PostgreSQL server on this machine';
    return isRoot && !unprivilegedUser()
      ? 'PostgreSQL does not run as root, and there is no other user'
      : undefined;
  }

  /** The version of the server that is installed. */
  static get version(): string {
    const said =
      binaries === undefined ? '' : execFileSync(program('postgres'), ['--version'], { encoding: 'utf8' });
    return /[\d.]+/.exec(said)?.[0] ?? '';
  }

  static async start({ durable = false }: PostgresServerOptions = {}): Promise<PostgresServer> {
    if (PostgresServer.obstacle) throw new Error(PostgresServer.obstacle);
    const folder = new ServerFolder('postgres', unprivilegedUser());
    const commandFor = (port: number) => commandWith(folder, port, durable);
    return new PostgresServer(await startIn(folder, commandFor, () => createCluster(folder)));
  }

  /** What a client is made with. */
  get connection(): {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  } {
    return { host: this.host, port: this.port, user, database: 'postgres' };
  }

  get url(): string {
    return `postgresql://${user}@${this.host}:${this.port}/postgres`;
  }

  /** Has its owner do something, on a connection of its own. */
  async query(text: string): Promise<void> {
    const client = new Client(this.connection);
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

const isRoot = process.getuid?.() === 0;
const binaries = [...debianFolders(), ...(process.env.PATH ?? '').split(delimiter).map(realFolder)].find(
  (folder) => folder && isExecutable(join(folder, 'postgres')) && isExecutable(join(folder, 'initdb')),
);

/** Debian keeps what it has no links to in a folder of each version. The newest comes first. */
function debianFolders(): string[] {
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  return versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(debian, version, 'bin'));
}

/** A server finds its own files beside the program itself, not beside a link to it. */
function realFolder(folder: string): string | undefined {
  const program = join(folder, 'postgres');
  return existsSync(program) ? dirname(realpathSync(program)) : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): SystemUser | undefined {
  if (!isRoot) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => users.find(([known]) => known === name)).find(Boolean);
  return found && { uid: Number(found[2]), gid: Number(found[3]) };
}

async function createCluster(folder: ServerFolder): Promise<void> {
  const options = ['--no-sync', '--auth=trust', '--encoding=UTF8', '--locale=C', `--username=${user}`];
  await run(program('initdb'), [...options, '--pgdata', dataOf(folder)], {
    cwd: folder.path,
    ...folder.user,
  });
}

function commandWith(folder: ServerFolder, port: number, isDurable: boolean): ServerCommand {
  const settings = {
    port,
    listen_addresses: loopback,
    unix_socket_directories: '',
    max_connections: 120,
    fsync: isDurable ? 'on' : 'off',
    full_page_writes: isDurable ? 'on' : 'off',
    // While it reads a table, updates of others find their pages full of versions that it may still see.
    autovacuum: 'off',
    log_min_messages: 'log',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    command: [program('postgres'), '-D', dataOf(folder), ...options],
    folder,
    ready: /ready to accept connections/,
    signal: 'SIGQUIT',
  };
}

function program(name: string): string {
  return join(binaries as string, name);
}

function dataOf(folder: ServerFolder): string {
  return join(folder.path, 'data');
}
