import { AsyncLocalStorage } from 'node:async_hooks';
import { contender as powertools } from './powertools.mjs';

const context = new AsyncLocalStorage();

/** AWS Powertools in an application that keeps something in an `AsyncLocalStorage` while the work runs, as tracing does. */
export async function contender({ work, ...options }) {
  return await powertools({ ...options, work: (request) => context.run({}, () => work(request)) });
}
