import { table } from '../../support/report.js';
import type { Tally } from './judge.js';

/** What the table says of one queue. */
export interface Row {
  readonly queue: string;
  readonly client: string;
  readonly broker: string;
  readonly tally: Tally;
}

const head = [
  ...['queue', 'client', 'broker', 'messages', 'sent again', 'kills', 'suspensions', 'broker killed'],
  ...[
    'deliveries',
    'met a lease',
    'runs',
    'effects',
    'poison set aside',
    'given up',
    'lost',
    'twice',
    'stuck',
    'seconds',
  ],
];

function cellsOf({ queue, client, broker, tally }: Row): (string | number)[] {
  const { messages, duplicates, killed, suspended, restarts, deliveries, met, runs, effects } = tally;
  const { poison, parkedPoison, givenUp, lost, twice, stuck, seconds } = tally;
  return [
    ...[
      queue,
      client,
      broker,
      messages,
      duplicates,
      killed,
      suspended,
      restarts,
      deliveries,
      met,
      runs,
      effects,
    ],
    ...[`${parkedPoison} of ${poison}`, givenUp, lost, twice, stuck, seconds],
  ];
}

/** The rows as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  return table([head, ...rows.map(cellsOf)]);
}

/** How the torture was run. */
export interface Circumstances {
  readonly seed: number;
  readonly command: string;
  readonly where: string;
}

/**
 * The document with these rows. Rows of other queues that `old` has stay as they are, in the order of `queues`.
 */
export function documentOf(
  rows: readonly Row[],
  queues: readonly string[],
  { seed, command, where }: Circumstances,
  old: string,
): string {
  const [top, rule, ...made] = tableOf(rows).split('\n') as [string, string, ...string[]];
  const kept = old.split('\n').filter((line) => /^\| (?!queue \||-)/.test(line));
  const all = queues.flatMap((queue) => {
    const isOf = (line: string) => line.startsWith(`| ${queue} |`);
    return made.find(isOf) ?? kept.find(isOf) ?? [];
  });
  return `${introduction}
${[top, rule, ...all].join('\n')}

_The latest rows: \`${command}\`, seed ${seed}, ${where}._
`;
}

const introduction = `# Torture of queues

Each queue that has an adapter gets the same messages and the same hardship. \`npm run torture:queues -- --write\` runs all of them and writes this
table. \`--only=bullmq\` runs one, \`--messages=200\` is a short run, and \`--seed=N\` repeats the random choices, but not the timing of
real processes. A fault ends the command with exit code 1; then the ledger is kept, and \`--judge=FILE\` judges it again.

## What is done

Three worker processes consume a queue by its adapter, several messages at once. Records are in PostgreSQL. Messages are orders to pay:

- Half of them pay **in the transaction** that completes the call: [complete a call in your own transaction](guide/transactions.md).
- Half of them pay **at a bank**, another process, under a key that \`currentExecution().deriveKey('pay')\` makes. The bank knows nothing else that could keep a message
  from being paid twice.
- One in fifty is **poison**. Each run of it throws, or kills its own process, or does both in turn.

While messages are sent:

- The producer sends about one in ten messages **twice**: at once, while it runs, or later. What it is unsure of, since the broker was down, it sends again.
- About every 2 seconds a worker is **killed** by SIGKILL, whatever it does, and another one starts. About every 3 seconds one is **suspended** by SIGSTOP until its
  lease has lapsed. Then it goes on as a zombie. Where the draw falls on one that is still starting, nothing is done.
- The **broker is killed** by SIGKILL about every 20 seconds, at least once, and started again with what is on its disk.
- One first run in five is **slow**. About one in thirty outlasts the longest time for which its lease is renewed, so that another worker takes its message over beside
  it, and its duplicates meet its lease for longer than they wait.

Each process appends to one ledger what it does, before and after it does it. When the queue is empty, a judge reads the ledger, the records, the payments and what was set
aside. It demands of each message:

- **One effect**, never two, and at least one consumer that got its receipt. Poison has none.
- **Set aside** is each poison, after no more runs than \`maxAttempts\`, and nothing else. Kills can spend all attempts of an ordinary message: then it is
  set aside as well, and counts as *given up*, if no run of it threw, its runs or deliveries that were cut off are as many as \`maxAttempts\`, and it has at most one effect. Each death of the broker counts as one
  of them, since it may spend a delivery that no worker saw.
- **Attempts as counted.** The record's \`attempt\` is the number of runs in the ledger. A run that was killed or suspended between its claim and its first line in the
  ledger could not tell: one attempt may be missing in the ledger for each such delivery, and no other. No two runs have the same attempt.
- **A cause for each further run**: the run before threw, its worker was killed, suspended or without a processor, or it outlasted its lease. None begins before the
  lease of the one before can have lapsed, unless that one threw.
- **No record in progress**, and nothing open at the broker.

## What is not covered

- SQS itself, and Lambda: stand-ins of the specs speak for them. Kafka is not in the table.
- Disks that lose what they confirmed, and brokers of several machines. The servers run on one machine, over loopback.
- A store that fails. [\`npm run torture\`](evidence.md) kills stores, and loses and delays their answers.
- Effects that are neither in the transaction nor under a derived key. A crash after such an effect means a second one, or a refusal:
  [abandoned work](guide/abandoned-work.md).

## The table

*Met a lease*: deliveries that found another run under way, waited for it, and got its outcome or came back later. *Given up*: ordinary messages whose attempts were spent
by kills alone. *Lost*: messages without an effect or without a receipt. *Stuck*: what the queue still had at the end,
for its consumers. NATS 2.9 that is killed may keep a message that was acknowledged in its stream; its consumer is past it, and never gets it again.
`;
