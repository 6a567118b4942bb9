import { table } from '../../.build/spec-standard/support/report.js';
import { contender as nodeIdempotency } from './contenders/node-idempotency.mjs';
import { contender as powertools } from './contenders/powertools.mjs';
import { contender as retrysafe } from './contenders/retrysafe.mjs';
import { figure, spread } from './figures.mjs';
import { holdRequest } from './payload.mjs';

const calls = 1_000;
const runLength = 1_000;
const contenders = {
  retrysafe,
  'AWS Powertools': powertools,
  'node-idempotency': nodeIdempotency,
};

/** Equal calls of one process at a time. */
export async function waiting({ rounds: wanted }) {
  const rounds = Math.max(3, Math.round(wanted / 10));
  const rows = [];
  const faults = [];
  let ours;
  for (const [title, contender] of Object.entries(contenders)) {
    const measured = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await crowd(contender, round));
    const [{ operations, meanwhile, answered }] = measured;
    rows.push([
      title,
      answered,
      calls - answered,
      listed(operations),
      meanwhile,
      spread(
        measured.map(({ last }) => last),
        1,
      ),
    ]);
    if (contender !== retrysafe) continue;
    ours = measured;
    for (const one of measured) faults.push(...wrong(one));
  }
  const goals = [
    {
      text: `${calls} equal calls cost one claim and no polling`,
      isMet: faults.length === 0,
      found: listed(ours[0].operations),
    },
  ];
  const markdown = `${calls.toLocaleString('en')} equal calls at a time in one process, in memory. The method takes ${runLength} ms. ${rounds} rounds. The times are
their median and quartiles.

${table([['', 'answered', 'refused', 'operations on the store', 'of them while the method ran', 'ms from its end to the last answer'], ...rows])}

AWS Powertools refuses all calls but the first, and lets none wait. node-idempotency reads its store every 100 ms for each call.`;
  return { markdown, goals, faults };
}

/** Makes the calls, and counts what they do to the store in all, and between the method's beginning and its end. */
async function crowd(contender, round) {
  const operations = {};
  let [runs, meanwhile, endedAt] = [0, 0, Number.NaN];
  let isSettled = false;
  let isWarm = false;
  const work = async ({ body }) => {
    runs += 1;
    // The calls are made in one turn; what they do at once is the claim that each of them makes, or does not make.
    setImmediate(() => {
      isWarm = true;
    });
    await new Promise((resolve) => setTimeout(resolve, runLength));
    isSettled = true;
    endedAt = performance.now();
    return { holdId: body.transactionId };
  };
  const onCall = (name) => {
    operations[name] = (operations[name] ?? 0) + 1;
    if (isWarm && !isSettled) meanwhile += 1;
  };
  const call = await contender({ work, onCall });
  const answers = await Promise.allSettled(Array.from({ length: calls }, () => call(holdRequest(round))));
  const last = performance.now() - endedAt;
  const values = answers.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const isEqual = values.every(({ holdId }) => holdId === values[0].holdId);
  const copies = new Set(values).size;
  return { runs, operations, meanwhile, last, answered: values.length, isEqual, copies };
}

function wrong({ runs, operations, meanwhile, answered, isEqual, copies }) {
  const facts = {
    [`the method ran ${runs} times`]: runs !== 1,
    [`${operations.claim} claims were made`]: operations.claim !== 1,
    [`the store was asked ${meanwhile} times while the method ran`]: meanwhile !== 0,
    [`${operations.replace} records were replaced and ${operations.find ?? 0} looked for`]:
      operations.replace !== 1 || operations.find !== undefined,
    [`${answered} calls got an answer`]: answered !== calls,
    'the answers are not equal': !isEqual,
    [`${copies} answers are copies of their own`]: copies !== answered,
  };
  return Object.keys(facts).filter((fact) => facts[fact]);
}

function listed(operations) {
  return Object.entries(operations)
    .map(([name, count]) => `${figure(count)} ${name}`)
    .join(', ');
}
