import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { table } from '../../.build/spec-standard/support/report.js';
import { startDynoxide } from '../../samples/embedded-dynamodb/index.js';
import { setUp as powertools, tableOf as theirTable } from './contenders/powertools.mjs';
import { tableOf as ourTable, setUp as retrysafe } from './contenders/retrysafe.mjs';
import { figure, median, spread } from './figures.mjs';
import { inTurns, RemoteSide } from './remote-side.mjs';

const kinds = { first: 'first call', replay: 'replay' };
const tables = { retrysafe: ourTable, powertools: theirTable };
/** How many calls are made at a time, and how many each batch has. */
const batches = { 1: 80, 32: 320, 256: 768 };
/** No slower, but for what two measurements of the same thing differ by. */
const noise = 0.03;

/** Calls against a DynamoDB engine, a process of its own. */
export async function dynamoDB({ rounds: wanted, isSmall }) {
  const engine = await startDynoxide();
  if (!engine) return missing();
  const rounds = Math.max(2, Math.round(wanted / 5));
  const sides = [];
  try {
    const client = new DynamoDBClient(engine.connection);
    for (const [name, definition] of Object.entries(tables)) {
      await client.send(new CreateTableCommand(definition(name)));
      sides.push(await RemoteSide.start({ name, connection: engine.connection, tableName: name }));
    }
    client.destroy();
    const cases = [];
    for (const [lanes, full] of Object.entries(batches)) {
      const count = isSmall ? full / 2 : full;
      for (const kind of Object.keys(kinds)) {
        const batch = (side) => side.do('batch', { kind, count, lanes: Number(lanes) });
        await inTurns(sides, 1, batch);
        cases.push({ lanes: Number(lanes), kind, measured: await inTurns(sides, rounds, batch) });
      }
    }
    return described(cases, rounds);
  } finally {
    for (const side of sides) await side.stop();
    await engine.stop();
  }
}

function described(cases, rounds) {
  const rows = [];
  const goals = [];
  for (const { lanes, kind, measured } of cases) {
    const of = (name, what) => measured.map((round) => round[name][what]);
    const ratio = (what) => measured.map((round) => round.retrysafe[what] / round.powertools[what]);
    const pair = (what, digits) =>
      `${figure(median(of('retrysafe', what)), digits)} : ${figure(median(of('powertools', what)), digits)}`;
    const perSecond = ['retrysafe', 'powertools'].map((name) => figure(1e6 / median(of(name, 'wall'))));
    rows.push([
      kinds[kind],
      lanes,
      perSecond.join(' : '),
      spread(ratio('wall')),
      pair('cpu', 0),
      spread(ratio('cpu')),
      pair('requests', 2),
      pair('bytes', 0),
    ]);
    const time = median(ratio('wall'));
    const bytes = median(ratio('bytes'));
    goals.push(
      {
        text: `${kinds[kind]}, ${lanes} at a time: no slower than AWS Powertools`,
        isMet: time <= 1 + noise,
        found: `${figure(time, 2)} of its time`,
      },
      {
        text: `${kinds[kind]}, ${lanes} at a time: fewer bytes sent`,
        isMet: bytes < 1,
        found: `${figure(bytes, 2)} of its bytes`,
      },
    );
  }
  const heads = [
    '',
    'at a time',
    'calls per second',
    'time, ratio',
    'CPU, µs for each call',
    'CPU, ratio',
    'requests for each call',
    'bytes sent for each call',
  ];
  const markdown = `The engine is dynoxide, in a process of its own on the same machine, with its tables in memory. The figures do not contain the time of a
network. Pairs are retrysafe : AWS Powertools, medians of ${rounds} rounds (A B B A). Ratios are taken within
each round, with their quartiles. CPU time is that of the client's process. Bytes are all that went over its connections, headers
included.

${table([heads, ...rows])}

- retrysafe: ${retrysafe.dynamodb}.
- AWS Powertools: ${powertools.dynamodb}.
- Both: the same version of the AWS SDK with the same settings, \`keepAlive\` and 256 sockets, and a table of their own.

The further bytes of a first call are in its records. A key has all 64 digits of its SHA-256, and that of AWS Powertools has 24 characters of an MD5.
Each write has the token, the lease, and the condition by which a completion loses to a call that took over. AWS Powertools writes
its completion without a condition. Before Node.js 24, a good part of the further time is the execution that \`currentExecution()\` finds:
Node.js calls hooks for every promise of the process, and the AWS SDK has many for each request. An application with an
\`AsyncLocalStorage\` of its own, for traces or logs, pays for them already.

Up to ${noise * 100} % count as no slower, because two measurements of the same thing differ by that.`;
  return { markdown, goals, faults: [] };
}

function missing() {
  const markdown = 'Not measured: the engine does not run on this machine.';
  // In CI everything is there.
  return { markdown, goals: [], faults: process.env.CI ? [markdown] : [] };
}
