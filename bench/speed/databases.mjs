import { PostgresServer } from '../../.build/spec-standard/support/postgres-server.js';
import { RedisServer } from '../../.build/spec-standard/support/redis-server.js';
import { table } from '../../.build/spec-standard/support/report.js';
import { schema } from '../../dist/esm/stores/postgres/index.js';
import { setUp as byHand, tableOf as handTable } from './contenders/by-hand.mjs';
import { setUp as nodeIdempotency } from './contenders/node-idempotency.mjs';
import { setUp as retrysafe } from './contenders/retrysafe.mjs';
import { figure, median, spread } from './figures.mjs';
import { inFreshProcesses, inTurns } from './remote-side.mjs';

const kinds = { first: 'first call', replay: 'replay' };
const titles = { retrysafe: 'retrysafe', 'node-idempotency': 'node-idempotency', 'by-hand': 'by hand' };
/** How many calls of each kind a turn has that is not measured: as many as the compiler needs for the largest of the contenders. */
const fullWarmUps = 3_000;

const measured = [
  {
    name: 'Redis',
    kind: 'redis',
    // How many calls are made at a time, and how many each batch has.
    counts: { 1: 500, 32: 2_560, 256: 4_096 },
    sides: ['retrysafe', 'node-idempotency', 'by-hand'],
    obstacle: () => (RedisServer.isInstalled ? undefined : 'there is no redis-server on this machine'),
    start: () => RedisServer.start(),
    storageOf: ({ url }) => ({ kind: 'redis', url }),
  },
  {
    name: 'PostgreSQL',
    kind: 'postgres',
    counts: { 1: 200, 32: 640, 256: 1_024 },
    sides: ['retrysafe', 'by-hand'],
    obstacle: () => PostgresServer.obstacle,
    start: async () => {
      const server = await PostgresServer.start();
      await server.query(schema('retrysafe'));
      await server.query(handTable('by_hand'));
      return server;
    },
    storageOf: ({ connection }, name) => ({
      kind: 'postgres',
      connection,
      tableName: name.replace('-', '_'),
    }),
  },
];

/** Calls against real servers on the same machine. */
export async function databases({ rounds: wanted, isSmall, nodes }) {
  const scale = {
    rounds: Math.max(1, Math.round(wanted / 4)),
    processes: isSmall ? 1 : 2,
    warmUps: isSmall ? 320 : fullWarmUps,
    isSmall,
  };
  const parts = [];
  const faults = [];
  for (const one of measured) {
    const obstacle = one.obstacle();
    if (obstacle) {
      parts.push(`### ${one.name}\n\nNot measured: ${obstacle}.`);
      // In CI everything is there.
      if (process.env.CI) faults.push(`${one.name}: ${obstacle}`);
      continue;
    }
    const server = await one.start();
    try {
      const found = [];
      for (const node of nodes) found.push(...(await measuredOn(node, one, server, scale)));
      parts.push(described(one, found));
    } finally {
      await server.stop();
    }
  }
  const markdown = `The servers run on the same machine, in processes of their own, and keep nothing on the disk: a network and disks take longer, for all
alike. Figures are medians of ${scale.rounds * scale.processes} rounds (A B C C B A), in ${scale.processes} processes of each. Ratios are taken within each
round, with their quartiles. CPU time is that of the client's process.

${parts.join('\n\n')}`;
  return { markdown, goals: [], faults };
}

async function measuredOn(
  node,
  { sides: names, counts, storageOf },
  server,
  { rounds, processes, warmUps, isSmall },
) {
  const cases = Object.keys(kinds).flatMap((kind) =>
    Object.entries(counts).map(([lanes, count]) => ({
      kind,
      lanes: Number(lanes),
      count: isSmall ? Math.max(count / 2, Number(lanes)) : count,
      major: node.major,
      rounds: [],
    })),
  );
  const described = names.map((name) => ({ name, node, storage: storageOf(server, name) }));
  await inFreshProcesses(processes, described, async (sides) => {
    for (const kind of Object.keys(kinds))
      await inTurns(sides, isSmall ? 1 : 2, (side) => side.do('batch', { kind, count: warmUps, lanes: 32 }));
    for (const { kind, lanes, count, rounds: all } of cases) {
      const batch = (side) => side.do('batch', { kind, count, lanes });
      await inTurns(sides, 1, batch);
      all.push(...(await inTurns(sides, rounds, batch)));
    }
  });
  return cases;
}

function described({ name, kind, sides }, found) {
  const others = sides.filter((side) => side !== 'retrysafe');
  const order = (one) => Object.keys(kinds).indexOf(one.kind) * 1e3 + one.lanes;
  const rows = found
    .toSorted((one, other) => order(one) - order(other))
    .map((one) => {
      const of = (side, what) => median(one.rounds.map((round) => round[side][what]));
      const ratio = (side) => spread(one.rounds.map((round) => round.retrysafe.cpu / round[side].cpu));
      return [
        kinds[one.kind],
        one.lanes,
        one.major,
        sides.map((side) => figure(1e6 / of(side, 'wall'))).join(' : '),
        sides.map((side) => figure(of(side, 'cpu'))).join(' : '),
        ...others.map(ratio),
      ];
    });
  const heads = ['', 'at a time', 'Node.js', 'calls per second', 'CPU, µs for each call'];
  const setUps = { retrysafe, 'node-idempotency': nodeIdempotency, 'by-hand': byHand };
  return `### ${name}

${sides.map((side) => titles[side]).join(' : ')}, and the ratios of retrysafe's CPU time.

${table([[...heads, ...others.map((side) => `CPU, to ${titles[side]}`)], ...rows])}

${sides.map((side) => `- ${titles[side]}: ${setUps[side][kind]}.`).join('\n')}`;
}
