import { expect } from 'chai';
import { OutcomeUnavailableError, OutcomeUnknownError, type PersistenceStore, recordOfKey } from 'retrysafe';
import { operatorPage } from 'retrysafe/operator';
import { onDynoxide } from '../stores/matrix/dynamodb-processes.js';
import { onPostgres } from '../stores/matrix/postgres-processes.js';
import type { StoreLine } from '../stores/matrix/processes.js';
import { byIORedis } from '../stores/matrix/redis-processes.js';
import { onSqlite } from '../stores/matrix/sqlite-processes.js';
import { rejection } from '../support/rejection.js';
import { obstacleTo } from '../support/sqlite-drivers.js';
import { type Look, overflow, useBrowser, usePageServer } from './browser.js';
import { PageScreen } from './page-screen.js';
import { Payments } from './stuck-payments.js';

const looks: readonly (readonly [name: string, look: Look])[] = [
  ['on a desktop, in light colours', { width: 1_200, height: 800, colorScheme: 'light' }],
  ['on a phone, in dark colours', { width: 360, height: 740, colorScheme: 'dark', isPhone: true }],
];

const sqlite = obstacleTo('node:sqlite') === undefined ? 'node:sqlite' : 'better-sqlite3';
const lines: readonly StoreLine[] = [
  { title: 'PostgresStore', use: onPostgres },
  { title: 'DynamoDBStore', use: onDynoxide },
  { title: 'RedisStore', use: byIORedis },
  { title: 'SqliteStore', use: () => onSqlite(sqlite) },
];

for (const { title, use } of lines) {
  for (const [name, look] of looks) {
    describe(`the operator's page of a ${title} in Chromium, ${name}`, function () {
      this.timeout(60_000);
      let store: PersistenceStore;
      let payments: Payments;
      let screen: PageScreen;
      let faults: string[];
      let run = 0;

      // Before the browser closes the page.
      afterEach(async () => {
        expect(faults).to.deep.equal([]);
        expect(await overflow(screen.page)).to.equal(0);
      });
      const processes = use();
      const browser = useBrowser();
      const server = usePageServer();

      beforeEach(async () => {
        run += 1;
        ({ store } = await processes.start());
        payments = new Payments(store);
        const page = operatorPage({
          stores: { payments: store },
          operations: [payments.charge],
          authorize: () => 'alice',
          basePath: '/operator',
          traceUrl: (traceparent) => `https://traces.example.com/${traceparent}`,
        });
        const opened = await browser.open(look);
        faults = [];
        opened.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`));
        opened.on('pageerror', ({ message }) => faults.push(message));
        screen = new PageScreen(opened, await server.serve(page, '/operator'));
      });
      // All runs are on one table: each has its own ids, and so its own keys.
      const id = (text: string) => `${name}-${run}-${text}`;

      it('shows what is stuck first, and who left it so and why', async () => {
        const unknown = await payments.unknown(id('unknown'));
        const abandoned = await payments.abandoned(id('abandoned'));
        const completed = await payments.completed(id('completed'));
        await screen.open();
        expect(await screen.page.locator('h1').textContent()).to.equal('Stuck records');
        expect(await screen.keys())
          .to.include.members([unknown, abandoned])
          .and.not.to.include(completed);
        const cells = await screen.row(unknown).locator('td').allTextContents();
        expect(cells.join('|')).to.include(payments.name).and.to.include('Unknown');
        expect(cells.join('|')).to.include(`:${process.pid}`).and.to.include('GatewayTimeout ETIMEDOUT');
        expect(await screen.row(abandoned).locator('.badge').textContent()).to.equal('Abandoned');
      });

      it('filters by status, operation, key and age; the address has the filters', async () => {
        const unknown = await payments.unknown(id('unknown'));
        const completed = await payments.completed(id('completed'));
        await screen.open();
        await screen.filter({ Status: 'completed', Operation: payments.name });
        expect(await screen.keys())
          .to.include(completed)
          .and.not.to.include(unknown);
        await screen.filter({ Status: 'any', 'Key begins with': unknown.slice(0, -4) });
        expect(await screen.keys()).to.deep.equal([unknown]);
        const address = new URL(screen.page.url()).searchParams;
        expect(Object.fromEntries(address)).to.include({
          status: 'any',
          operation: payments.name,
          prefix: unknown.slice(0, -4),
        });
        await screen.page.reload();
        expect(await screen.keys()).to.deep.equal([unknown]);
        await screen.filter({ 'Older than': '1h' });
        expect(await screen.keys()).to.deep.equal([]);
        await screen.page.goBack();
        expect(await screen.keys()).to.deep.equal([unknown]);
        await screen.filter({ Operation: 'Payments.refund' });
        expect(await screen.keys()).to.deep.equal([]);
      });

      it('lets an operator say that the work may run again, and it does', async () => {
        const key = await payments.unknown(id('again'));
        expect(await rejection(payments.charge({ id: id('again') }))).to.be.instanceOf(OutcomeUnknownError);
        await screen.open();
        await screen.show(key);
        expect(await screen.life()).to.include.members(['Claimed', 'Outcome unknown']);
        const said = await screen.decide(
          'Resolve…',
          { as: 'Run again', reason: 'OPS-1' },
          'Let 1 record run again',
        );
        expect(said).to.have.length(1);
        expect(said[0]).to.match(/Resolved$/);
        await screen.close();
        expect(await screen.life()).to.include('Resolved by an operator');
        expect(await screen.page.locator('.life').textContent())
          .to.include('alice')
          .and.to.include('OPS-1');
        expect(await payments.charge({ id: id('again') })).to.deep.equal({ charged: id('again') });
        expect(payments.ran).to.deep.equal([id('again'), id('again')]);
      });

      it('answers many at once with a value, and equal calls get it without running', async () => {
        const ids = [id('one'), id('two'), id('three')];
        const keys = [];
        for (const one of ids) keys.push(await payments.unknown(one));
        await screen.open();
        await screen.select(...keys);
        const decision = { as: 'Answer with a value', json: '{ "charged": "by hand" }', reason: 'OPS-2' };
        const said = await screen.decide('Resolve 3 records…', decision, 'Answer 3 records');
        expect(said.map((line) => /Resolved$/.test(line))).to.deep.equal([true, true, true]);
        await screen.close();
        expect(await screen.keys()).not.to.include.members(keys);
        for (const one of ids)
          expect(await payments.charge({ id: one })).to.deep.equal({ charged: 'by hand' });
        expect(payments.ran).to.deep.equal(ids);
      });

      it('refuses, and equal calls get an error that says who did, and why', async () => {
        const key = await payments.abandoned(id('refused'));
        await screen.open();
        await screen.select(key);
        await screen.decide('Resolve 1 record…', { as: 'Refuse', reason: 'OPS-3' }, 'Refuse 1 record');
        await screen.close();
        const error = await rejection(payments.charge({ id: id('refused') }));
        expect(error).to.be.instanceOf(OutcomeUnavailableError);
        expect((error as Error).message)
          .to.include('alice')
          .and.to.include('OPS-3');
        expect(payments.ran).to.deep.equal([]);
      });

      it('forgets, and the key is free', async () => {
        const key = await payments.unknown(id('forgotten'));
        await screen.open();
        await screen.select(key);
        await screen.decide('Resolve 1 record…', { as: 'Forget', reason: 'OPS-4' }, 'Forget 1 record');
        await screen.close();
        await payments.charge({ id: id('forgotten') });
        expect(payments.ran).to.have.length(2);
      });

      it('says of each record whether it was resolved: one that has changed since it was seen is left alone', async () => {
        const keys = [await payments.unknown(id('changed')), await payments.unknown(id('same'))];
        await screen.open();
        await screen.select(...keys);
        await recordOfKey(store, keys[0] as string).resolve({ as: 'run-again', by: 'bob' });
        await payments.charge({ id: id('changed') });
        const said = await screen.decide(
          'Resolve 2 records…',
          { as: 'Refuse', reason: 'OPS-5' },
          'Refuse 2 records',
        );
        expect(said.filter((line) => /Resolved$/.test(line))).to.have.length(1);
        expect(said.filter((line) => /Not resolved: ./.test(line))).to.have.length(1);
        expect(await payments.charge({ id: id('changed') })).to.deep.equal({ charged: id('changed') });
        expect(await rejection(payments.charge({ id: id('same') }))).to.be.instanceOf(
          OutcomeUnavailableError,
        );
      });

      it('shows an outcome when it is asked to, and not before', async () => {
        const key = await payments.completed(id('shown'));
        await screen.open(`?status=completed&prefix=${encodeURIComponent(key)}`);
        await screen.show(key);
        expect(await screen.page.locator('main').textContent()).not.to.include('charged');
        await screen.button('Reveal the outcome').click();
        const outcome = screen.page.locator('.outcome');
        await outcome.waitFor();
        expect(JSON.parse((await outcome.textContent()) ?? '')).to.deep.equal({ charged: id('shown') });
      });

      it('counts the records by operation and status, and leads to them', async () => {
        const key = await payments.unknown(id('counted'));
        await screen.open();
        await screen.visit('Counts');
        await screen.button('Count the records').click();
        const row = screen.page.locator('tbody tr').filter({ hasText: payments.name });
        await row.waitFor();
        expect(await row.locator('td').allTextContents()).to.include.members(['Unknown', '1']);
        await row.locator('a').click();
        expect(await screen.keys()).to.deep.equal([key]);
      });

      it('shows the calls of its process by outcome', async () => {
        await payments.completed(id('rated'));
        await screen.open();
        await screen.visit('Rates');
        await screen.page.locator('.chart').waitFor();
        expect(await screen.page.locator('main').textContent()).to.include('one process');
        const row = screen.page.locator('.wide:last-child tbody tr').filter({ hasText: payments.name });
        expect(Number((await row.locator('td:nth-child(2)').textContent())?.replace(',', ''))).to.be.at.least(
          1,
        );
      });
    });
  }
}
