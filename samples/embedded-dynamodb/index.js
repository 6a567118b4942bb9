import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as timeout } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const host = '127.0.0.1';
const startLimit = 10_000;

export async function startDynoxide() {
  const binary = dynoxideBinary();
  if (!binary) return undefined;
  // It does not tell which port it chose, so it gets one that was free just now; somebody else may be quicker.
  for (let tries = 0; tries < 5; tries += 1) {
    const port = await freePort();
    const started = await start(binary, port);
    if (started) return embedded('dynoxide', port, started);
  }
  throw new Error('dynoxide did not start on any of five ports');
}

export async function startDynalite() {
  const { default: dynalite } = await import('dynalite');
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, host);
  await once(server, 'listening');
  return embedded('dynalite', server.address().port, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
}

function dynoxideBinary() {
  try {
    return require.resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
}

async function freePort() {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves to a function that stops the engine, or to nothing where it could not listen on the port. */
async function start(binary, port) {
  const child = spawn(binary, ['--host', host, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  }).then(() => process.removeListener('exit', kill));
  const listening = new Promise((resolve) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('listening on')) resolve(true);
    });
  });
  const isUp = await Promise.race([listening, exited, timeout(startLimit)]);
  if (isUp === true) {
    return async () => {
      kill();
      await exited;
    };
  }
  kill();
  return undefined;
}

function embedded(name, port, stop) {
  const endpoint = `http://${host}:${port}`;
  const credentials = { accessKeyId: 'embedded', secretAccessKey: 'embedded' };
  return { name, endpoint, connection: { endpoint, region: 'eu-west-1', credentials }, stop };
}
