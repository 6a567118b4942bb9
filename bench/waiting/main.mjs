// Prints how long a call in one process waits for the outcome of an equal call in another, from the moment in which the
// method has returned there, with and without notices, on Redis and on PostgreSQL. Takes dist/ and the specs' servers
// as they were built last.
//
//   node bench/waiting/main.mjs [--runs=200]
import { availableParallelism } from 'node:os';
import { latencies } from './latencies.mjs';
import { measured } from './measured.mjs';
import { table } from './table.mjs';

const runs = Number(process.argv.find((argument) => argument.startsWith('--runs='))?.slice(7) ?? 200);
if (!(Number.isInteger(runs) && runs > 0)) {
  console.error('--runs is how many calls are measured for each line: a whole number, 1 or more.');
  process.exit(2);
}

const lines = [];
for (const { name, obstacle, start, describe } of measured) {
  if (obstacle()) {
    console.error(`Not measured on ${name}: ${obstacle()}.`);
    // In CI everything is there.
    if (process.env.CI) process.exitCode = 1;
    continue;
  }
  const server = await start();
  try {
    for (const notices of [false, true]) {
      const times = await latencies({ store: describe(server, notices), runs });
      lines.push({ name, notices, times });
    }
  } finally {
    await server.stop();
  }
}

console.log(`From the method's return in one process to the answer of a duplicate that waits in another, in ms.

${table(lines)}

${runs} duplicates for each line, 16 at a time, each of which had waited for a random time of 50 to 1,500 ms.
Polling: pauses of 25 to 50 ms that double up to 0.5 to 1 s. Notices: publish/subscribe, or LISTEN/NOTIFY, on a second
connection. Each number has the write of the outcome in it, the look of the duplicate, and two round trips on loopback;
Redis with \`appendfsync always\` on ioredis, PostgreSQL with \`fsync\` on pg, Node.js ${process.versions.node}.
machine: ${process.platform}-${process.arch}, ${availableParallelism()} processors for both processes and the server`);
