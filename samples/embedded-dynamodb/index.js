import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as timeout } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const host = '127.0.0.1';
const startLimit = 10_000;
// The engine ends with this process, however that ends: its watcher reads a pipe that breaks then, and kills it.
const untilParentEnds = 'exec 3<&0; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$0" "$@" </dev/null 3<&-';

export async function startDynoxide() {
  const binary = dynoxideBinary();
  if (!binary) return undefined;
  // It does not say which port it chose, so it gets one that was free just now. Another process may take that first.
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const { stop, said } = await start(binary, port);
    if (stop) return embedded('dynoxide', port, stop);
    if (tries < 5 && said.includes('in use')) continue;
    console.error(`dynoxide does not start here: ${said.trim() || 'it says nothing'}`);
    return undefined;
  }
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

/** Resolves to a function that stops the engine, or to what it said where it does not listen. */
async function start(binary, port) {
  const child = spawn('sh', ['-c', untilParentEnds, binary, '--host', host, '--port', String(port)], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => {
      said += error.message;
      resolve();
    });
  });
  const listening = new Promise((resolve) => {
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('listening on')) resolve(true);
    });
  });
  // The pipe that breaks is what ends the engine, and its watcher before it could meet another process's id.
  const stop = async () => {
    child.stdin.destroy();
    await exited;
  };
  void exited.then(() => child.stdin.destroy());
  const isUp = await Promise.race([listening, exited, timeout(startLimit, undefined, { ref: false })]);
  if (isUp === true) return { stop };
  await stop();
  return { said };
}

function embedded(name, port, stop) {
  const endpoint = `http://${host}:${port}`;
  const credentials = { accessKeyId: 'embedded', secretAccessKey: 'embedded' };
  return { name, endpoint, connection: { endpoint, region: 'eu-west-1', credentials }, stop };
}
