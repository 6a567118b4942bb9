import { spawnSync } from 'node:child_process';
import { OwnServer, startIn } from './own-server.js';
import { loopback, ServerFolder } from './server-process.js';

const binary = ['nats-server', '/usr/sbin/nats-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** A NATS server with JetStream that one spec controls. */
export class NatsServer extends OwnServer {
  /** Whether this machine has one. */
  static readonly isInstalled = binary !== undefined;

  static async start(): Promise<NatsServer> {
    if (binary === undefined) throw new Error('there is no nats-server on this machine');
    const folder = new ServerFolder('nats');
    const command = (port: number) => [binary, '-a', loopback, '-p', String(port), '-js', '-sd', folder.path];
    return new NatsServer(
      await startIn(folder, (port) => ({ command: command(port), folder, ready: /Server is ready/ })),
    );
  }

  get url(): string {
    return `nats://${this.host}:${this.port}`;
  }
}
