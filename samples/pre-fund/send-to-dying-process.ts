import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { PersistenceStore } from 'retrysafe';
import type { CoreBank, HoldOrder } from './core-bank.js';
import type { Assignment, Notice } from './dying-process.js';
import { apiGatewayEvent } from './events.js';
import { serve } from './remote.js';
import type { Story } from './story.js';
import { say } from './terminal.js';

/**
 * Gives a request to a process of its own, and kills that process while it waits for the bank's answer, which it
 * never gets. `atTheBank` is what the bank did until then. Resolves when the process is dead.
 */
export async function sendToDyingProcess(
  { order, timing }: { readonly order: HoldOrder; readonly timing: Assignment['timing'] },
  story: Story,
  store: PersistenceStore,
  atTheBank: (...asked: Parameters<CoreBank['placeHold']>) => Promise<unknown>,
): Promise<void> {
  const child = fork(new URL('./dying-process.js', import.meta.url), { serialization: 'advanced' });
  const name = `process ${child.pid}`;
  const exit = once(child, 'exit');
  const bank: CoreBank = {
    async placeHold(...asked) {
      await atTheBank(...asked);
      child.kill('SIGKILL');
      return new Promise(() => {});
    },
  };
  serve(child, { store, bank });
  child.on('message', (message: Notice | { readonly event?: never }) => {
    if (message.event) story.happened(message.event, message.words, `, in ${name}`);
  });
  story.arrived(order, `, at ${name}`);
  child.send({ event: apiGatewayEvent(order), timing } satisfies Assignment);
  const [code, signal] = await exit;
  story.expect(`how ${name} ended`, signal ?? code, 'SIGKILL');
  say('killed', signal ? `${name}, by ${signal}` : `not at all: ${name} ended with exit code ${code}`);
}
