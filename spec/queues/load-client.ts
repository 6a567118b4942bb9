import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pending } from '../support/pending.js';

const folder = new URL('../../../spec/queues/clients/', import.meta.url);

/** Whether the clients of queues are installed. */
export const hasClients = existsSync(fileURLToPath(new URL('node_modules', folder)));

/**
 * Loads the client of a queue as an application does that has installed it. Where it is not installed, or needs a newer Node.js, what the
 * context stands for is pending.
 */
export async function loadClient<T>(context: Mocha.Context, name: string, node = 20): Promise<T> {
  if (!hasClients) pending(context, 'the clients of queues are not installed; run `npm run install:queues`');
  if (Number.parseInt(process.versions.node, 10) < node)
    pending(context, `${name} needs Node.js ${node}`, true);
  return (await loaded(name)) as T;
}

/** The same where no spec is at hand, such as in a process of workers. */
export async function loaded(name: string): Promise<unknown> {
  const { load } = await import(pathToFileURL(fileURLToPath(new URL('load.mjs', folder))).href);
  return load(name);
}
