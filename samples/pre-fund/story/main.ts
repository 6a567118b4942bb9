// The Pre-Fund story: a hold is placed once, however often it is asked for, and whatever dies on the way.
//   --watch-table     also prints the items of the table as they change
//   --in-memory       needs no DynamoDB engine
//   --stay            keeps the engine with the records until Ctrl-C, and says how to look at them
//   --forgetful-bank  shows what the key is for that the bank is asked under: without it, the story ends badly
import { BankServer } from './bank-server.js';
import { BankStandIn } from './bank-stand-in.js';
import { accountId, Cast } from './cast.js';
import { onEveryEvent } from './library-events.js';
import { sayHowToLook } from './look-at-records.js';
import { openRecords, type Records } from './records.js';
import { playCrashes } from './scenes/crashes.js';
import { playHolds } from './scenes/holds.js';
import { playOtherFunctions } from './scenes/other-functions.js';
import { playRefusals } from './scenes/refusals.js';
import { Story } from './story.js';
import { print, say } from './terminal.js';
import { watchTable } from './watched-table.js';

// The AWS SDK announces the end of Node.js 20 in every process.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// An engine must not outlive the story.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(process.exitCode ?? 1));

const isAsked = (option: string) => process.argv.includes(option);

const records = await openRecords(isAsked('--in-memory'));
try {
  process.exitCode = (await tell(records)) ? 0 : 1;
  await sayHowToLook(records, isAsked('--stay'));
} finally {
  await records.stop();
}

/** Tells the whole story; answers whether it ended well. */
async function tell(records: Records): Promise<boolean> {
  print('Pre-Fund: a hold is placed once, however often it is asked for', 'bold');
  print(`The records are ${records.where}.`);
  const story = new Story();
  const bank = new BankStandIn({
    balances: new Map([[accountId, 200_000]]),
    isForgetful: isAsked('--forgetful-bank'),
    report: story,
  });
  story.ledger = bank.ledger;
  const server = await BankServer.start(bank);
  onEveryEvent((name, words, key) => story.happened(name, words, key));
  const stopWatching = isAsked('--watch-table')
    ? watchTable(records, (line) => say('table', line))
    : undefined;
  try {
    const cast = new Cast(story, records, server);
    await playHolds(cast);
    await playCrashes(cast);
    await playRefusals(cast);
    await playOtherFunctions(cast);
    await stopWatching?.();
    return story.end();
  } finally {
    await stopWatching?.();
    await server.stop();
  }
}
