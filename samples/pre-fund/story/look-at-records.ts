import { type Records, tables } from './records.js';
import { print } from './terminal.js';

/** Says how an operator looks at the records of the story. `isToStay`: and leaves them there until Ctrl-C. */
export async function sayHowToLook({ connection }: Records, isToStay: boolean): Promise<void> {
  print();
  if (!connection)
    return print('Its records were in memory. In an engine, `npm start -- --stay` leaves them to look at.');
  if (!isToStay)
    return print(
      'To look at its records as an operator does: `npm start -- --stay`, then `npx retrysafe ls`.',
    );
  const { endpoint, region } = connection;
  const store = `dynamodb:${tables.idempotency}?region=${region}&endpoint=${endpoint}`;
  print('The records stay until Ctrl-C. In another terminal, in this folder:');
  print();
  print('  export AWS_ACCESS_KEY_ID=embedded AWS_SECRET_ACCESS_KEY=embedded');
  for (const command of ['ls', 'stats', 'ui']) print(`  npx retrysafe ${command} --store '${store}'`);
  // A signal ends the process, and the engine with it.
  await new Promise(() => setInterval(() => {}, 60_000));
}
