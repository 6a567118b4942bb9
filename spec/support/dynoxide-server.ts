import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { loopback, ServerFolder, ServerProcess, startOnFreePort } from './server-process.js';

const binary = findBinary();

/** A dynoxide of a spec's own, with its tables in a file, which it may kill and start again. */
export class DynoxideServer {
  /** Whether this machine can run one. */
  static readonly isInstalled = binary !== undefined;
  readonly host = loopback;
  readonly #folder: ServerFolder;
  #process: ServerProcess;

  private constructor(
    readonly port: number,
    folder: ServerFolder,
    started: ServerProcess,
  ) {
    this.#folder = folder;
    this.#process = started;
  }

  static async start(): Promise<DynoxideServer> {
    const folder = new ServerFolder('dynoxide');
    try {
      return await startOnFreePort(async (port) => new DynoxideServer(port, folder, await run(folder, port)));
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  get endpoint(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** What a client is made with. */
  get connection(): DynamoDBClientConfig {
    return connectionTo(this.endpoint);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when it is gone, by SIGKILL. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts it again on its port, with what its folder has. */
  async restart(): Promise<void> {
    await this.#process.stop();
    this.#process = await run(this.#folder, this.port);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.#folder.remove();
  }
}

/** What a client is made with that reaches an embedded engine at an endpoint, be it by way of a proxy. */
export function connectionTo(endpoint: string): DynamoDBClientConfig {
  return {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
  };
}

function run(folder: ServerFolder, port: number): Promise<ServerProcess> {
  if (binary === undefined) throw new Error('dynoxide cannot run on this machine');
  return ServerProcess.start({
    command: [
      binary,
      '--host',
      loopback,
      '--port',
      String(port),
      '--db-path',
      join(folder.path, 'tables.db'),
    ],
    folder,
    ready: /listening on/,
  });
}

function findBinary(): string | undefined {
  // It belongs to the workspace that starts it in memory.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('embedded-dynamodb'));
  try {
    return resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
}
