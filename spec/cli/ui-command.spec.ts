import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { uiCommand } from '#cli/ui-command.js';
import { UsageError } from '#cli/usage-error.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';

/** What the configuration of these specs tells of itself. */
const seen = globalThis as { opened?: number; closed?: number };

const configuration = `
import { InMemoryStore, makeIdempotent } from ${JSON.stringify(import.meta.resolve('retrysafe'))};
globalThis.opened = (globalThis.opened ?? 0) + 1;
const charge = makeIdempotent(async () => 1, { name: 'Payments.charge', key: 'id' });
export default {
  stores: { payments: new InMemoryStore(), refunds: new InMemoryStore() },
  operations: [charge],
  close: () => { globalThis.closed = (globalThis.closed ?? 0) + 1; },
};`;

describe('retrysafe ui', () => {
  let printed: string;
  let folder: string;
  let config: readonly string[];
  let count = 0;
  const write = process.stdout.write;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'retrysafe-ui-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = '';
    seen.opened = 0;
    seen.closed = 0;
    // A module is loaded once.
    count += 1;
    const file = join(folder, `${count}.mjs`);
    writeFileSync(file, configuration);
    config = ['--config', file];
  });
  afterEach(() => {
    process.stdout.write = write;
    delete seen.opened;
    delete seen.closed;
  });

  /** Runs the command until it has printed its link, and ends it when `look` is done. */
  async function running(args: readonly string[], look: (link: string) => Promise<void>) {
    process.stdout.write = ((text: string) => {
      printed += text;
      return true;
    }) as typeof write;
    const ended = uiCommand.run([...config, ...args]);
    const link = await until('the link is printed', () => /http:\S+/.exec(printed)?.[0]);
    process.stdout.write = write;
    await look(link);
    process.emit('SIGINT');
    return ended;
  }

  it('prints a link, serves the page of the stores that are named, and closes them when it is interrupted', async () => {
    const code = await running(['--store', 'refunds', '--by', 'alice'], async (link) => {
      const { origin, hash } = new URL(link);
      const headers = { origin, 'content-type': 'application/json' };
      const body = JSON.stringify({ token: hash.slice(1) });
      const signedIn = await fetch(new URL('api/sign-in', link), { method: 'POST', headers, body });
      const [cookie = ''] = signedIn.headers.getSetCookie();
      const session = await fetch(new URL('api/session', link), {
        method: 'POST',
        headers: { ...headers, cookie },
        body: '{}',
      });
      expect(await session.json())
        .to.include({ operator: 'alice' })
        .and.to.deep.include({ stores: ['refunds'], operations: ['Payments.charge'] });
      expect(seen.closed).to.equal(0);
    });
    expect({ code, ...seen }).to.deep.include({ code: 0, opened: 1, closed: 1 });
    expect(printed).to.match(
      /^The operator's page of 1 store:\n\n {2}http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/#[\w-]+\n\nThe link works once\./,
    );
    expect(process.listenerCount('SIGINT')).to.equal(process.listenerCount('SIGTERM'));
  });

  it('has help with its own options and those of every command', () => {
    expect(uiCommand.help).to.match(/^Usage: retrysafe ui \[options\]\n/);
    for (const option of [
      '--store <address | name>',
      '--config <file>',
      '--port <number>',
      '--read-only',
      '--never-reveal',
      '--by <name>',
      '--trace-url <url>',
    ])
      expect(uiCommand.help).to.include(`  ${option} `);
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], said: RegExp])[] = [
    ['a port that is none', ['--port', '65536'], /--port: expected a number up to 65535/],
    ['a name that is none', ['--by', ' '], /--by: expected a name of 1 to 200 characters/],
    [
      'an address without a place for the trace',
      ['--trace-url', 'https://traces.example.com'],
      /\{traceId\} in it/,
    ],
    ['an address that is no page', ['--trace-url', 'javascript:{traceId}'], /an address of http or https/],
    ['what is no option', ['payments.db'], /expected no "payments.db"/],
    ['an option that there is not', ['--sqlit', 'x'], /Unknown option '--sqlit'/],
    ['a store that there is not', ['--store', 'orders'], /--store: expected one of payments, refunds/],
    ['a file that there is not', ['--config', 'none.mjs'], /--config/],
  ];
  for (const [what, args, said] of wrong) {
    it(`refuses ${what}, and leaves nothing open`, async () => {
      const error = await rejection(uiCommand.run([...config, ...args]));
      expect(error).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.match(said);
      expect(seen.closed).to.equal(seen.opened);
    });
  }

  it('says that its port is taken, and closes the stores', async () => {
    await running([], async (link) => {
      const error = await rejection(uiCommand.run([...config, '--port', new URL(link).port]));
      expect(error).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.equal(
        'the page cannot be served (EADDRINUSE); give another --port',
      );
      expect(seen.closed).to.equal(1);
    });
  });
});
