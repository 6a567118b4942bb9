import { deskOf } from '../operator/desk-of.js';
import { userHere } from './change-records.js';
import { type Command, exitCodes } from './command.js';
import { storeArguments, withStores } from './open-desk.js';
import { isStoreUrl } from './open-store.js';
import { helpFor, type ReadArguments, readArguments } from './read-arguments.js';
import { type LoopbackOptions, serveOnLoopback } from './serve-on-loopback.js';
import { UsageError } from './usage-error.js';

const options = {
  ...storeArguments,
  port: { value: '<number>', help: 'Port of the page. Default: a free one.' },
  by: { value: '<name>', help: 'Who decides. Default: the user at this host.' },
  'read-only': { help: 'Changes nothing.' },
  'never-reveal': { help: 'Never shows an outcome.' },
  'trace-url': {
    value: '<url>',
    help: 'Address of a trace, with {traceId} and {spanId} in it. Default: there are no links.',
  },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe ui [options]

Serves the operator's page to the browsers of this machine: the records that are stuck, the life of each, and what you decide about
them. It prints a link that works once. Ctrl+C ends it.

Options:
${helpFor(options)}

Examples:
  retrysafe ui --store postgres://localhost/payments
  retrysafe ui --read-only --trace-url 'https://traces.example.com/trace/{traceId}'

To serve the page to others, put it into an application that knows who they are: operatorPage() of retrysafe/operator.

Exit codes: 0 when it was ended, 2 where an option is wrong or the page cannot be served.`;

/** `retrysafe ui` */
export const uiCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    if (given.positionals.length > 0)
      throw new UsageError(`expected no "${given.positionals[0]}"; for one key, run 'retrysafe show <key>'`);
    const served = servedOptions(given);
    return withStores(given.values, async (stores, operations) => {
      const asked = [...stores].filter(isAsked(given, [...stores.keys()]));
      const desks = new Map(asked.map(([name, store]) => [name, deskOf(store, { operations })]));
      await serveUntilEnd({ ...served, desks, operations: [...operations.keys()] });
      return exitCodes.passed;
    });
  },
};

async function serveUntilEnd(given: LoopbackOptions): Promise<void> {
  const page = await serveOnLoopback(given).catch(refuse);
  const count = given.desks.size;
  process.stdout.write(
    `The operator's page of ${count} store${count === 1 ? '' : 's'}:\n\n  ${page.link}\n\n`,
  );
  process.stdout.write('The link works once. Ctrl+C ends the page.\n');
  await interrupted();
  await page.close();
}

/** Says which of the stores at hand are shown: all, or the one that is named. */
function isAsked({ values }: ReadArguments, names: readonly string[]) {
  const [named] = values.store ?? [];
  if (named === undefined || isStoreUrl(named)) return () => true;
  if (!names.includes(named)) throw new UsageError(`--store: expected one of ${names.join(', ')}`);
  return ([name]: readonly [string, unknown]) => name === named;
}

function servedOptions({ values }: ReadArguments) {
  const [port = '0'] = values.port ?? [];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new UsageError('--port: expected a number up to 65535');
  const [operator = userHere()] = values.by ?? [];
  if (operator.trim() === '' || operator.length > 200)
    throw new UsageError('--by: expected a name of 1 to 200 characters');
  const [traceUrl] = values['trace-url'] ?? [];
  return {
    port: Number(port),
    operator,
    readOnly: values['read-only'] !== undefined,
    reveal: values['never-reveal'] === undefined,
    ...(traceUrl !== undefined && { traceUrl: traceUrlOf(traceUrl) }),
  };
}

function traceUrlOf(template: string): (traceparent: string) => string {
  if (!/^https?:\/\/.*\{traceId\}/.test(template))
    throw new UsageError('--trace-url: expected an address of http or https with {traceId} in it');
  return (traceparent) => {
    const [, traceId = '', spanId = ''] = traceparent.split('-');
    return template
      .replaceAll('{traceId}', encodeURIComponent(traceId))
      .replaceAll('{spanId}', encodeURIComponent(spanId));
  };
}

function refuse(error: unknown): never {
  const { code } = error as { readonly code?: string };
  if (code === undefined) throw error;
  throw new UsageError(`the page cannot be served (${code}); give another --port`);
}

/** Resolves when somebody ends the command. */
function interrupted(): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  return new Promise((resolve) => {
    const end = () => {
      for (const signal of signals) process.off(signal, end);
      resolve();
    };
    for (const signal of signals) process.on(signal, end);
  });
}
