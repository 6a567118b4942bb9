// A PostgreSQL and a Redis for the programs of the documents: servers as the specs start them, or those that DATABASE_URL
// and REDIS_URL name.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';

const external = process.env.DATABASE_URL;
const bundles = {};
const created = [];
let server;

/** Starts a Redis of a program's own, or takes the external one; nothing where none can run. */
export async function openRedis(workspace) {
  if (process.env.REDIS_URL) return { env: {} };
  const { RedisServer } = await serversOf(workspace, 'redis');
  if (!RedisServer.isInstalled) return undefined;
  const redis = await RedisServer.start();
  return { env: { REDIS_URL: redis.url }, stop: () => redis.stop() };
}

/** Creates an empty database for a program; nothing where no server can run. */
export async function openDatabase(workspace) {
  const url = await createDatabase(workspace);
  return url && { env: { DATABASE_URL: url } };
}

async function createDatabase(workspace) {
  server ??= external ? { url: external } : startServer(workspace);
  const { url } = (await server) ?? {};
  if (!url) return undefined;
  const name = `retrysafe_document_${process.pid}_${created.length}`;
  created.push(name);
  await ask(url, `CREATE DATABASE ${name}`);
  const address = new URL(url);
  address.pathname = name;
  return address.href;
}

export async function stopDatabases() {
  const { url, stop } = (await server) ?? {};
  // The server of the specs goes with all that it has.
  if (url && !stop) for (const name of created) await ask(url, `DROP DATABASE ${name} WITH (FORCE)`);
  await stop?.();
}

async function startServer(workspace) {
  const { PostgresServer } = await serversOf(workspace, 'postgres');
  if (PostgresServer.obstacle) {
    console.error(`PENDING: ${PostgresServer.obstacle}`);
    return undefined;
  }
  const started = await PostgresServer.start();
  return { url: started.url, stop: () => started.stop() };
}

/** What the specs have for servers of that kind, which is not compiled for them alone. */
async function serversOf(workspace, kind) {
  const outfile = join(workspace, `${kind}-server.mjs`);
  bundles[kind] ??= build({
    entryPoints: [`spec/support/${kind}-server.ts`],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  await bundles[kind];
  return import(pathToFileURL(outfile).href);
}

async function ask(url, text) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
