import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { OwnServer, startIn } from './own-server.js';
import { loopback, type ServerCommand, ServerFolder } from './server-process.js';

const binary = findBinary();

/** A dynoxide that one spec controls, with its tables in a file. */
export class DynoxideServer extends OwnServer {
  /** Whether this machine can run one. */
  static readonly isInstalled = binary !== undefined;

  static async start(): Promise<DynoxideServer> {
    const folder = new ServerFolder('dynoxide');
    return new DynoxideServer(await startIn(folder, (port) => commandFor(folder, port)));
  }

  get endpoint(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** What a client is made with. */
  get connection(): DynamoDBClientConfig {
    return connectionTo(this.endpoint);
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

function commandFor(folder: ServerFolder, port: number): ServerCommand {
  if (binary === undefined) throw new Error('dynoxide cannot run on this machine');
  const address = ['--host', loopback, '--port', String(port)];
  return {
    command: [binary, ...address, '--db-path', join(folder.path, 'tables.db')],
    folder,
    ready: /listening on/,
  };
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
