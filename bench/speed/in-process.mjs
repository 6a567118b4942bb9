import { table } from '../../.build/spec-standard/support/report.js';
import { setUp as nodeIdempotency } from './contenders/node-idempotency.mjs';
import { setUp as powertools } from './contenders/powertools.mjs';
import { setUp as retrysafe } from './contenders/retrysafe.mjs';
import { figure, median, spread } from './figures.mjs';
import { profileTable, worst } from './profile-table.mjs';
import { inFreshProcesses, inTurns } from './remote-side.mjs';

const count = 1_000;
const kinds = { first: 'first call', replay: 'replay' };
const titles = {
  retrysafe: 'retrysafe',
  powertools: 'AWS Powertools',
  'node-idempotency': 'node-idempotency',
};
const variants = {
  plain: 'plain',
  nested: 'nested',
  keepLocal: '`keepLocal`',
  mapReplay: '`mapReplay`',
  codec: '`codec`',
  fingerprint: '`fingerprint`',
  listener: 'a listener',
};
const most = {
  plain: { first: 0.5, replay: 0.2 },
  'node-idempotency': { first: 1.5, replay: 1 },
  cost: {
    first: { promises: 6, timers: 1, bytes: 7_000 },
    replay: { promises: 3, timers: 0, bytes: 3_000 },
  },
};

/** One call after another in one process, with what each library keeps in memory. */
export async function inProcess({ rounds, isSmall, nodes }) {
  // Until the heap for young objects has its full size. Memory that is touched for the first time takes five times as long.
  const scale = { rounds, warmUps: isSmall ? 4 : 60, processes: isSmall ? 1 : 3 };
  const measured = [];
  for (const node of nodes) {
    const found = {};
    for (const variant of Object.keys(variants)) found[variant] = await measuredOf(node, variant, scale);
    measured.push({ ...found, major: node.major });
  }
  return described(measured, scale);
}

/** The rounds of all processes by kind; of the plain call also what it allocates, and where its time goes. */
async function measuredOf(node, variant, { rounds, warmUps, processes }) {
  const isPlain = variant === 'plain';
  const names = Object.keys(titles).filter((name) => isPlain || name !== 'node-idempotency');
  const results = { first: { rounds: [] }, replay: { rounds: [] } };
  const described = names.map((name) => ({ name, variant, node }));
  await inFreshProcesses(isPlain ? processes : Math.min(processes, 2), described, async (sides, index) => {
    for (const [kind, result] of Object.entries(results)) {
      const batch = (side) => side.do('batch', { kind, count });
      for (let warmUp = 0; warmUp < warmUps; warmUp += 1) for (const side of sides) await batch(side);
      result.rounds.push(...(await inTurns(sides, rounds, batch)));
      if (!isPlain || index > 0) continue;
      const [ours, theirs] = sides;
      result.floor = await ours.do('floor', { kind, count });
      const profile = { kind, count, rounds: 20 };
      result.profiles = [await ours.do('profile', profile), await theirs.do('profile', profile)];
    }
    if (!isPlain || index > 0) return;
    // Comes last: after it, what it counts is slower.
    for (const [kind, result] of Object.entries(results)) {
      result.costs = {};
      for (const side of sides) result.costs[side.name] = await side.do('cost', { kind, count });
    }
  });
  return results;
}

function described(measured, { rounds, warmUps, processes }) {
  const byVersion = (value) => Object.fromEntries(measured.map((one) => [one.major, value(one)]));
  const ratios = (one, variant, kind, name, what) =>
    one[variant][kind].rounds.map((round) => round.retrysafe[what] / round[name][what]);
  const ratio = (variant, kind, name) =>
    byVersion((one) => median(ratios(one, variant, kind, name, 'thread')));
  const eachKind = (rows) => Object.entries(kinds).flatMap(([kind, title]) => rows(kind, title));

  const goals = [
    ...eachKind((kind, title) => [
      {
        text: `${title}: time, to AWS Powertools'`,
        limit: most.plain[kind],
        found: ratio('plain', kind, 'powertools'),
      },
      {
        text: `${title}: time, to node-idempotency's`,
        limit: most['node-idempotency'][kind],
        found: ratio('plain', kind, 'node-idempotency'),
      },
    ]),
    ...Object.entries(variants)
      .filter(([variant]) => variant !== 'plain')
      .flatMap(([variant, name]) =>
        eachKind((kind, title) => ({
          text: `${title}, ${name}: time, to AWS Powertools'`,
          limit: 1,
          found: ratio(variant, kind, 'powertools'),
        })),
      ),
    ...eachKind((kind, title) =>
      Object.entries(most.cost[kind]).map(([what, limit]) => ({
        text: `${title}: ${what === 'bytes' ? 'bytes allocated' : what}`,
        limit,
        digits: 0,
        found: byVersion((one) => one.plain[kind].costs.retrysafe[what]),
      })),
    ),
  ];

  const heads = measured.map(({ major }) => `Node.js ${major}`);
  const times = eachKind((kind, title) => [
    ...Object.entries(titles).map(([name, side]) => [
      title,
      side,
      ...measured.map((one) =>
        spread(
          one.plain[kind].rounds.map((round) => round[name].thread),
          1,
        ),
      ),
    ]),
    [title, 'hashing and encoding alone', ...measured.map((one) => figure(one.plain[kind].floor, 1))],
  ]);
  const comparisons = [
    ['plain', 'node-idempotency'],
    ...Object.keys(variants).map((variant) => [variant, 'powertools']),
  ];
  const ratioRows = eachKind((kind, title) =>
    comparisons.map(([variant, name]) => [
      title,
      variants[variant],
      titles[name],
      ...measured.map((one) => spread(ratios(one, variant, kind, name, 'thread'))),
      ...['wall', 'cpu'].map((what) =>
        measured.map((one) => figure(median(ratios(one, variant, kind, name, what)), 2)).join(', '),
      ),
    ]),
  );
  const costs = eachKind((kind, title) =>
    Object.entries(titles).map(([name, side]) => [
      title,
      side,
      ...measured.map((one) => {
        const { promises, timers, bytes } = one.plain[kind].costs[name];
        return [promises, timers, bytes].map((value) => figure(value)).join(' · ');
      }),
    ]),
  );
  const profiles = eachKind((kind, title) => {
    const major = worst(ratio('plain', kind, 'powertools'));
    const { profiles: found } = measured.find((one) => one.major === major).plain[kind];
    return `Where the time of a ${title} goes on Node.js ${major}, where its ratio is largest:

${profileTable(...found)}`;
  });

  const markdown = `One call after another, with small JSON and almost no work in the method. Each library has a process of its own, and they
take turns (A B C C B A, ${figure(count)} calls each), ${rounds} rounds after ${warmUps} to warm up, in ${processes} processes of each library, or
${Math.min(processes, 2)} where an option is measured. Figures are medians and quartiles of all rounds. A ratio is taken within each round.
The space for young objects has one size, 16 MB, in all of them: a round in which it grows takes several times as long.

A time is for how long a processor ran the thread that makes the calls. The time on the clock is longer where the machine does other things. The
CPU time of the process has in it what threads beside this one do, which compile and collect garbage. The ratios of both are given, too.

Time for each call, µs:

${table([['', '', ...heads], ...times])}

retrysafe's time to that of the library named, and the same by the clock and by the CPU time of the process:

${table([['', '', 'to', ...heads, 'by the clock', 'by CPU time'], ...ratioRows])}

Promises · timers · bytes allocated for each call, counted as in the specs of \`spec/proofs/cost\`. The promises of the method and of the loop
around it are counted, too:

${table([['', '', ...heads], ...costs])}

- retrysafe: ${retrysafe.memory}.
- AWS Powertools: ${powertools.memory}.
- node-idempotency: ${nodeIdempotency.memory}.
- Nested: the method makes another idempotent call with a key of its own, in both libraries. AWS Powertools has \`useLocalCache\` beside
  \`keepLocal\`, \`responseHook\` beside \`mapReplay\` and \`payloadValidationJmesPath\` beside \`fingerprint\`. It has neither codecs
  nor events: beside these is its plain call. The codec is JSON text, and the listener hears of \`claimed\`, \`completed\` and \`replayed\`.
- Hashing and encoding alone: SHA-256 of the key's text, and the JSON text of both records that a first call keeps, or of
  the one that a replay reads, in a loop that does nothing else.

AWS Powertools hashes with MD5. It keeps no lease and no owner, and it tells a running call nothing. node-idempotency hashes nothing. In both,
equal calls of one process cannot wait without calls of the store.

${profiles.join('\n\n')}

From the CPU profiles of ${figure(20 * count)} calls. Profiling itself takes time.`;
  return { markdown, goals, faults: [] };
}
