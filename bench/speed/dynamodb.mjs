import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { table } from '../../.build/spec-standard/support/report.js';
import { startDynoxide } from '../../samples/embedded-dynamodb/index.js';
import { setUp as powertools, tableOf as theirTable } from './contenders/powertools.mjs';
import { tableOf as ourTable, setUp as retrysafe } from './contenders/retrysafe.mjs';
import { figure, median, spread } from './figures.mjs';
import { profileTable, worst } from './profile-table.mjs';
import { inFreshProcesses, inTurns } from './remote-side.mjs';

const kinds = { first: 'first call', replay: 'replay' };
const tables = { retrysafe: ourTable, powertools: theirTable };
const overlapMs = 50;
/** How many calls are made at a time, and how many each batch has. */
const counts = { 1: 40, 32: 192, 256: 512 };
/** How many rounds of a case each process has. The machine is now faster and now slower, so many short turns are fairer than few long ones. */
const turns = 4;
const cases = [
  ...Object.entries(counts).flatMap(([lanes, count]) =>
    Object.keys(kinds).map((kind) => ({ kind, lanes: Number(lanes), count, lengthMs: 0 })),
  ),
  ...[32, 256].map((lanes) => ({ kind: 'first', lanes, count: counts[lanes], lengthMs: overlapMs })),
];
/**
 * How many calls of each kind a process makes before. Until then the compiler is still at work on what the SDK and both libraries do,
 * and on more of it where there is more: after 3,000 calls, the first turns are a tenth slower to AWS Powertools than later ones.
 */
const fullWarmUps = 10_000;
const profiledLanes = 256;
const profiledRounds = 16;
const inContext = 'powertools-in-context';
/** Before Node.js 24, `AsyncLocalStorage` costs a call of hooks for each promise of the process. */
const hasHooks = (major) => major < 24;
const limit = (major) => (major < 22 ? 1.15 : 1.03);

/** Calls against a DynamoDB engine, a process of its own. */
export async function dynamoDB({ rounds: wanted, isSmall, nodes }) {
  const engine = await startDynoxide();
  if (!engine) return missing();
  // Two processes of the same program differ by more than two rounds of one of them.
  const processes = Math.max(1, Math.round((wanted * 3) / 8));
  const scale = { processes, warmUps: isSmall ? 256 : fullWarmUps, isSmall };
  try {
    const storages = await createTables(engine);
    const measured = [];
    for (const node of nodes) measured.push(await measuredOn(node, storages, scale));
    return described(measured, scale);
  } finally {
    await engine.stop();
  }
}

async function createTables({ connection }) {
  const client = new DynamoDBClient(connection);
  const storages = {};
  for (const [name, definition] of Object.entries(tables)) {
    await client.send(new CreateTableCommand(await definition(name)));
    storages[name] = { kind: 'dynamodb', connection, tableName: name };
  }
  client.destroy();
  return { ...storages, [inContext]: storages.powertools };
}

/** The rounds of each case, and where the time of each kind goes. */
async function measuredOn(node, storages, { processes, warmUps, isSmall }) {
  const found = cases.map((one) => ({ ...one, rounds: [] }));
  const profiles = {};
  const profiled = { lanes: profiledLanes, count: profiledLanes, rounds: isSmall ? 1 : profiledRounds };
  const names = [...Object.keys(tables), ...(hasHooks(node.major) ? [inContext] : [])];
  const described = names.map((name) => ({ name, node, storage: storages[name] }));
  await inFreshProcesses(processes, described, async (sides, index) => {
    for (const kind of Object.keys(kinds))
      await Promise.all(sides.map((side) => side.do('batch', { kind, count: warmUps, lanes: 64 })));
    for (const one of found) {
      const { kind, lanes, lengthMs } = one;
      const count = isSmall ? Math.max(one.count / 2, lanes) : one.count;
      one.rounds.push(
        ...(await inTurns(sides, isSmall ? 1 : turns, (side) =>
          side.do('batch', { kind, count, lanes, lengthMs }),
        )),
      );
    }
    if (index > 0) return;
    for (const kind of Object.keys(kinds)) {
      profiles[kind] = [];
      for (const side of sides.slice(0, 2))
        profiles[kind].push(await side.do('profile', { kind, ...profiled }));
    }
  });
  return { major: node.major, found, profiles };
}

function described(measured, { processes, warmUps }) {
  const rounds = measured[0].found[0].rounds.length;
  const title = ({ kind, lanes, lengthMs }) =>
    `${kinds[kind]}, ${lanes} at a time${lengthMs > 0 ? `, methods of ${lengthMs} ms` : ''}`;
  const ratios = ({ rounds: all }, what, other = 'powertools') =>
    all.map((round) => round.retrysafe[what] / round[other][what]);
  const ratio = (index, what) =>
    Object.fromEntries(measured.map(({ major, found }) => [major, median(ratios(found[index], what))]));
  const bytes = (kind) => cases.findIndex((one) => one.kind === kind && one.lanes === 32);

  const goals = [
    ...cases.flatMap((one, index) =>
      Object.entries({ cpu: 'CPU time', wall: 'time' }).map(([what, name]) => ({
        text: `${title(one)}: ${name}, to AWS Powertools'`,
        limit,
        found: ratio(index, what),
      })),
    ),
    ...Object.entries(kinds).map(([kind, name]) => ({
      text: `${name}: bytes sent, to AWS Powertools'`,
      limit: 1,
      found: ratio(bytes(kind), 'bytes'),
    })),
  ];

  const rows = cases.flatMap((one, index) =>
    measured.map(({ major, found }) => {
      const of = (name, what) => median(found[index].rounds.map((round) => round[name][what]));
      const pair = (value) => ['retrysafe', 'powertools'].map((name) => figure(value(name))).join(' : ');
      return [
        title(one),
        major,
        pair((name) => 1e6 / of(name, 'wall')),
        spread(ratios(found[index], 'wall')),
        pair((name) => of(name, 'cpu')),
        spread(ratios(found[index], 'cpu')),
        hasHooks(major) ? spread(ratios(found[index], 'cpu', inContext)) : '',
      ];
    }),
  );
  const sent = Object.entries(kinds).map(([kind, name]) => {
    const all = measured.flatMap(({ found }) => found[bytes(kind)].rounds);
    const pair = (what, digits) =>
      ['retrysafe', 'powertools']
        .map((side) => figure(median(all.map((round) => round[side][what])), digits))
        .join(' : ');
    return [name, pair('requests', 2), pair('bytes', 0)];
  });
  // Hooks hide the rest, so a version without them has a profile of its own.
  const profiles = Object.entries(kinds).flatMap(([kind, name]) => {
    const index = cases.findIndex((one) => one.kind === kind && one.lanes === profiledLanes);
    return [hasHooks, (major) => !hasHooks(major)]
      .map((isOfGroup) => measured.filter(({ major }) => isOfGroup(major)))
      .filter((group) => group.length > 0)
      .map((group) => {
        const found = ratio(index, 'cpu');
        const major = worst(Object.fromEntries(group.map((one) => [one.major, found[one.major]])));
        return `Where the time of a ${name} goes, ${profiledLanes} at a time, on Node.js ${major}, where its ratio is largest ${hasHooks(major) ? 'with' : 'without'} hooks of promises:

${profileTable(...group.find((one) => one.major === major).profiles[kind])}`;
      });
  });
  const heads = [
    '',
    'Node.js',
    'calls per second',
    'time, ratio',
    'CPU, µs for each call',
    'CPU, ratio',
    'CPU, ratio in a context',
  ];
  const markdown = `The engine is dynoxide, in a process of its own on the same machine, with its tables in memory. The figures do not contain the time of a
network. Pairs are retrysafe : AWS Powertools, medians of ${rounds} rounds, there and back (A B B A), in ${processes} processes of each, after
${figure(warmUps)} calls of each kind.
Ratios are taken within each round, with their quartiles. CPU time is that of the client's process.

${table([heads, ...rows])}

Bytes are all that went over the connections of the client, headers included:

${table([['for each call', 'requests', 'bytes sent'], ...sent])}

- retrysafe: ${retrysafe.dynamodb}.
- AWS Powertools: ${powertools.dynamodb}.
- Both: the same version of the AWS SDK with the same settings, \`keepAlive\` and 256 sockets, and a table of their own.

Up to 3 % count as no slower, because two measurements of the same thing differ by that. On Node.js 20 it is 15 %.

Before Node.js 24, the execution that \`currentExecution()\` finds costs a call of hooks for every promise of the process, and the AWS SDK has
many for each request. An application with an \`AsyncLocalStorage\` of its own, for traces or logs, pays for them already. The ratio in a context
is that to AWS Powertools where the method runs in such an \`AsyncLocalStorage\`.

${profiles.join('\n\n')}

From the CPU profiles of ${figure(profiledLanes * profiledRounds)} calls. Profiling itself takes time.`;
  return { markdown, goals, faults: [] };
}

function missing() {
  const markdown = 'Not measured: the engine does not run on this machine.';
  // In CI everything is there.
  return { markdown, goals: [], faults: process.env.CI ? [markdown] : [] };
}
