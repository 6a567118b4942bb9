// Tries every client of this folder on a real database.
import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { ambientTransactions } from './ambient.js';
import { type Connected, onPglite, onServer } from './clients.js';
import * as databases from './database.js';
import { promises } from './promises.js';
import { startServer } from './server.js';

const limit = 20_000;
let passed = 0;
let failed = 0;
let pending = 0;

const readme = readFileSync('README.md', 'utf8');

/** The client's name and version, which the table of the README must have. */
function versioned(name: string): string {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  if (!readme.includes(`| ${name} ${version} |`))
    throw new Error(`README.md: ${name} was tried as ${version}`);
  return `${name} ${version}`;
}

async function tryClient(name: string, connected: Connected, database: databases.Database): Promise<void> {
  for (const [title, check] of Object.entries(promises)) {
    await tryPromise(`${name}: ${title}`, check(connected, database));
  }
  await connected.close();
}

async function tryPromise(title: string, kept: Promise<void>): Promise<void> {
  try {
    await within(limit, kept);
    passed += 1;
    console.log(`ok      ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title}`, error);
  }
}

function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(milliseconds);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  return Promise.race([work, late]);
}

const pglite = new PGlite();
const embedded = await databases.onPglite(pglite);
for (const [name, connect] of Object.entries(onPglite)) {
  await tryClient(`${versioned(name)} on PGlite`, await connect(pglite), embedded);
}
await pglite.close();

const server = await startServer();
if (server) {
  const { url, database, drop } = await databases.onServer(server.url);
  const version = (await database.query('SHOW server_version')).rows[0]?.server_version;
  for (const [name, connect] of Object.entries(onServer)) {
    await tryClient(`${versioned(name)} on PostgreSQL ${version}`, await connect(url), database);
  }
  for (const [name, check] of Object.entries(ambientTransactions)) {
    await tryPromise(`${name}: a caller's transaction that rolls back leaves records alone`, check(url));
  }
  await drop();
  await server.stop();
} else {
  for (const name of Object.keys(onServer)) {
    pending += 1;
    console.log(`PENDING ${name}: no PostgreSQL server can be started here, and DATABASE_URL names none`);
  }
}

console.log(`Clients: ${passed} promises kept, ${failed} broken, ${pending} clients pending`);
// Where everything is installed nothing may be left out.
process.exitCode = failed > 0 || (pending > 0 && process.env.CI) ? 1 : 0;
