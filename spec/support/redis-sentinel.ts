import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from './redis-clients.js';
import { RedisServer } from './redis-server.js';
import { loopback, ServerFolder, ServerProcess, startOnFreePort } from './server-process.js';

export interface SentinelGroup {
  readonly sentinel: Address;
  readonly primary: RedisServer;
  stop(): Promise<void>;
}

/** Starts a primary and a sentinel that watches it under the name `primary`. */
export async function startSentinel(): Promise<SentinelGroup> {
  const primary = await RedisServer.start();
  const folder = new ServerFolder('sentinel');
  const file = join(folder.path, 'sentinel.conf');
  try {
    return await startOnFreePort(async (port) => {
      const settings = [
        `bind ${loopback}`,
        `port ${port}`,
        `sentinel monitor primary ${loopback} ${primary.port} 1`,
      ];
      writeFileSync(file, settings.join('\n'));
      const started = await ServerProcess.start({
        command: ['redis-server', file, '--sentinel'],
        folder,
        ready: /\+monitor/,
      });
      const stop = async () => {
        await started.stop();
        folder.remove();
        await primary.stop();
      };
      return { sentinel: { host: loopback, port }, primary, stop };
    });
  } catch (error) {
    folder.remove();
    await primary.stop();
    throw error;
  }
}
