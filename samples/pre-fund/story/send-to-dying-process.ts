import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { HoldOrder } from '../app/orders.js';
import type { BankServer, Interception } from './bank-server.js';
import type { Assignment, Notice } from './dying-process.js';
import { apiGatewayEvent } from './events.js';
import type { Records } from './records.js';
import { serve } from './remote-store.js';
import type { Story } from './story.js';
import { say } from './terminal.js';

interface Scenery {
  readonly story: Story;
  readonly records: Records;
  readonly server: BankServer;
}

/**
 * Gives a request to a process of its own, and kills that process while it waits for the bank's answer, which it
 * never gets. `atTheBank` is what the bank did until then. Resolves when the process is dead.
 */
export async function sendToDyingProcess(
  order: HoldOrder,
  { story, records, server }: Scenery,
  atTheBank: (...asked: Parameters<Interception>) => unknown,
): Promise<void> {
  const child = fork(new URL('./dying-process.js', import.meta.url), { serialization: 'advanced' });
  const name = `process ${child.pid}`;
  const exit = once(child, 'exit');
  server.interception = async (...asked) => {
    await atTheBank(...asked);
    child.kill('SIGKILL');
    return new Promise(() => {});
  };
  if (!records.connection) serve(child, records.store);
  child.on('message', (message: Notice | { readonly event?: never }) => {
    if (message.event) story.happened(message.event, message.words, message.key, `, in ${name}`);
  });
  story.arrived(order, `, at ${name}`);
  const { connection } = records;
  const event = apiGatewayEvent('/pre-fund/holds', order.transactionId, order);
  child.send({ event, bankUrl: server.url, connection } satisfies Assignment);
  const [code, signal] = await exit;
  // Where it did not come as far as the bank, the next request must not be taken for its own.
  server.interception = undefined;
  story.expect(`how ${name} ended`, signal ?? code, 'SIGKILL');
  say('killed', signal ? `${name}, by ${signal}` : `not at all: ${name} ended with exit code ${code}`);
}
