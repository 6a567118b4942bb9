// Starts a Redis of a program's own.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const host = '127.0.0.1';
const startLimit = 10_000;
const binary = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Resolves to a Redis on a free port, with `REDIS_URL` in its `env`; to nothing where this machine has none. */
export async function startRedis() {
  if (binary === undefined) return undefined;
  const port = await freePort();
  const settings = ['--bind', host, '--port', String(port), '--save', '', '--maxmemory-policy', 'noeviction'];
  const server = spawn(binary, settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  const limit = setTimeout(end, startLimit);
  const ended = once(server, 'close');
  let said = '';
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (chunk) => {
      said += chunk;
      if (/Ready to accept connections/.test(said)) resolve();
    });
    ended.then(() => reject(new Error(`${binary} does not start: ${said}`)), reject);
  });
  clearTimeout(limit);
  return {
    env: { REDIS_URL: `redis://${host}:${port}` },
    async stop() {
      process.off('exit', end);
      end();
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
