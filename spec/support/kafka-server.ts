import { spawnSync } from 'node:child_process';
import { loopback, ServerFolder, ServerProcess } from './server-process.js';

const announced = /bootstrap\.servers=127\.0\.0\.1:(\d+)/;

/**
 * A broker that speaks Kafka's protocol and keeps its topics in memory: the one that librdkafka has for its own tests, which `kcat` starts
 * in itself. It has consumer groups, committed offsets and rebalances. It has no disk, no replicas and no restart, and `compact` of
 * topics, quotas and access lists are not there.
 */
export class KafkaServer {
  /** Whether this machine has one. */
  static readonly isInstalled = spawnSync('kcat', ['-V'], { stdio: 'ignore' }).status === 0;

  static async start(): Promise<KafkaServer> {
    const folder = new ServerFolder('kafka');
    const options = ['-b', loopback, '-X', 'test.mock.num.brokers=1', '-d', 'mock'];
    try {
      const command = ['kcat', '-C', '-t', 'unused', ...options];
      return new KafkaServer(await ServerProcess.start({ command, folder, ready: announced }), folder);
    } catch (error) {
      folder.remove();
      throw error;
    }
  }

  /** As a client takes it. */
  readonly broker: string;

  private constructor(
    readonly process: ServerProcess,
    readonly folder: ServerFolder,
  ) {
    this.broker = `${loopback}:${announced.exec(process.said)?.[1]}`;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    this.folder.remove();
  }
}
