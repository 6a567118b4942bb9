import { Load } from './load.js';
import { openStore, type StoreDescription } from './store-description.js';

/** The messages to a worker process: what to do, and then when to stop. */
export type LoadOrder =
  | {
      readonly kind: 'begin';
      readonly worker: string;
      readonly store: StoreDescription;
      readonly ledger: string;
      readonly senders: number;
    }
  | { readonly kind: 'stop' };

let load: Load | undefined;

process.on('message', (order: LoadOrder) => {
  if (order.kind === 'stop') load?.stop();
  else void begin(order);
});
process.send?.('ready');

// Work that still runs keeps this process alive, and an unhandled rejection ends it with another exit code.
async function begin(order: Extract<LoadOrder, { kind: 'begin' }>): Promise<void> {
  const { store, close } = await openStore(order.store);
  load = new Load(order.worker, { ...order, store });
  process.send?.('begun');
  await load.run();
  await close();
  process.disconnect();
}
