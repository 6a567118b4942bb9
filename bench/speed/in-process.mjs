import { table } from '../../.build/spec-standard/support/report.js';
import { setUp as nodeIdempotency } from './contenders/node-idempotency.mjs';
import { setUp as powertools } from './contenders/powertools.mjs';
import { setUp as retrysafe } from './contenders/retrysafe.mjs';
import { figure, median, spread } from './figures.mjs';
import { inTurns, RemoteSide } from './remote-side.mjs';

const count = 2_000;
const warmUps = 10;
const goal = 0.2;
const kinds = { first: 'first call', replay: 'replay' };
const titles = {
  retrysafe: 'retrysafe',
  powertools: 'AWS Powertools',
  'node-idempotency': 'node-idempotency',
};

/** One call after another in one process, with what each library keeps in memory. */
export async function inProcess({ rounds }) {
  const sides = [];
  try {
    for (const name of Object.keys(titles)) sides.push(await RemoteSide.start({ name }));
    const results = {};
    for (const kind of Object.keys(kinds)) {
      for (let warmUp = 0; warmUp < warmUps; warmUp += 1)
        for (const side of sides) await side.do('batch', { kind, count });
      results[kind] = await inTurns(sides, rounds, (side) => side.do('batch', { kind, count }));
    }
    return await described(results, sides[0], rounds);
  } finally {
    for (const side of sides) await side.stop();
  }
}

async function described(results, ours, rounds) {
  const rows = [];
  const goals = [];
  const profiles = [];
  for (const [kind, title] of Object.entries(kinds)) {
    const timesOf = (name) => results[kind].map((round) => round[name].wall);
    const ratiosTo = (name) => results[kind].map((round) => round.retrysafe.wall / round[name].wall);
    for (const [name, side] of Object.entries(titles)) {
      const ratio = name === 'retrysafe' ? '1' : spread(ratiosTo(name));
      rows.push([title, side, spread(timesOf(name), 1), ratio]);
    }
    const floors = [];
    for (let round = 0; round < rounds; round += 1) floors.push(await ours.do('floor', { kind, count }));
    const floor = median(floors);
    rows.push([title, 'hashing and encoding alone', spread(floors, 1), '']);
    const ratio = median(ratiosTo('powertools'));
    goals.push({
      text: `${title}: at most a fifth of AWS Powertools' time`,
      isMet: ratio <= goal,
      found: `${figure(ratio, 2)}; hashing and encoding alone are ${figure(floor / median(timesOf('powertools')), 2)} of it`,
    });
    const parts = await ours.do('profile', { kind, count, rounds: 20 });
    profiles.push(`Where the time of a ${title} goes:\n\n${profileTable(parts)}`);
  }
  const markdown = `One call after another, with small JSON and almost no work in the method. Each library has a process of its own, and they
take turns (A B C C B A, ${count.toLocaleString('en')} calls each), ${rounds} rounds after ${warmUps} to warm up. Times
are the median and the quartiles of the rounds. A ratio is taken within each round.

${table([['', '', 'µs for each call', "retrysafe's time to this one's"], ...rows])}

- retrysafe: ${retrysafe.memory}.
- AWS Powertools: ${powertools.memory}.
- node-idempotency: ${nodeIdempotency.memory}.
- Hashing and encoding alone: SHA-256 of the key's text, and the JSON text of both records that a first call keeps, or of
  the one that a replay reads, in a loop that does nothing else.

AWS Powertools hashes with MD5. It keeps no lease and no owner, and it tells a running call nothing. node-idempotency hashes nothing. In both,
equal calls of one process cannot wait without calls of the store.

Why it is not a fifth: hashing and encoding alone take a good part of that fifth. The rest is needed for the guarantees, and the other libraries
leave it out. A first call has a claim and a completion. The store copies each record that it returns, so that no later change
reaches it. The lease has a timer. The method runs within an execution that \`currentExecution()\` finds, for which Node.js before 24
calls hooks at every promise. The outcome becomes text before the caller gets it, and every caller gets a copy. The tables below have
what is left.

${profiles.join('\n\n')}

From the CPU profile of ${(20 * count).toLocaleString('en')} calls. Profiling itself takes time.`;
  return { markdown, goals, faults: [] };
}

function profileTable(parts) {
  const largest = parts.slice(0, 16);
  const rest = parts.slice(16).reduce((sum, { share }) => sum + share, 0);
  const percent = (share) => `${figure(share * 100, 1)} %`;
  return table([
    ['part', 'share', 'µs', 'most of it in'],
    ...largest.map(({ part, share, time, functions }) => [
      part,
      percent(share),
      figure(time, 2),
      functions.map((name) => `\`${name}\``).join(', '),
    ]),
    ['all others', percent(rest), '', ''],
  ]);
}
