import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type HttpConformanceSuiteOptions, httpConformance } from 'retrysafe/testing';
import sinon from 'sinon';
import { rejection, thrown } from '../../support/rejection.js';
import { PaymentServer } from './payment-server.js';

const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
const suite = fileURLToPath(new URL('./registered-suite.js', import.meta.url));

/** What a runner prints, and its exit code. */
function run(args: readonly string[], env: NodeJS.ProcessEnv) {
  // The runner of this spec must not tell the other one that it is its child.
  const { NODE_TEST_CONTEXT: _, ...others } = process.env;
  return new Promise<{ code: unknown; printed: string }>((resolve) => {
    execFile(process.execPath, args, { env: { ...others, NO_COLOR: '1', ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, printed: stdout + stderr }),
    );
  });
}

type Body = (this: unknown, ...args: unknown[]) => Promise<void>;

/** Registers a suite, and returns its tests by their titles. */
function registered(url: Parameters<typeof httpConformance>[0], options: HttpConformanceSuiteOptions) {
  const tests = new Map<string, Body>();
  httpConformance(url, {
    ...options,
    describe: (_title, body) => body(),
    it: (title, body) => tests.set(title, body),
  });
  return tests;
}

describe('the HTTP conformance kit as a suite', () => {
  let server: PaymentServer;
  beforeEach(async () => {
    server = await PaymentServer.start('marks every answer');
  });
  afterEach(async () => {
    sinon.restore();
    await server.stop();
  });
  const authentication = { Authorization: 'Bearer one' };

  it('has a test for each check, which mocha shows as passed, failed or skipped with the reason', async () => {
    const { code, printed } = await run([mocha, '--reporter=spec', suite], { RUNNER: '' });
    expect(printed).to.match(
      /✔ a request without a key is answered 400 \(key-missing; SHOULD, draft-07 §2\.7\)/,
    );
    expect(printed).to.match(/- somebody else .*\(scope; .*\): skipped, no otherIdentity\n/);
    expect(printed).to.match(
      /- a first answer .*: skipped, failed, which levels allows: a first request was/,
    );
    expect(printed).to.match(/^ +(1|2) passing/m);
    expect(code).to.equal(0);
  });

  it('has the same in node:test', async () => {
    const args = ['--test', '--test-reporter=tap', suite];
    const { code, printed } = await run(args, { RUNNER: 'node:test' });
    expect(printed).to.match(/ok \d - a request without a key is answered 400 \(key-missing; .*\)/);
    expect(printed).to.match(/ok \d - somebody else .*: skipped, no otherIdentity # SKIP no otherIdentity\n/);
    expect(printed).to.match(
      /ok \d - a first answer .* # SKIP failed, which levels allows: a first request was/,
    );
    expect(code, printed).to.equal(0);
  });

  it('fails for a failure of a level that is chosen', async () => {
    const { code, printed } = await run([mocha, suite], { RUNNER: '', LEVELS: 'all' });
    expect(printed).to.match(
      /a first answer is not marked as a replay: a first request was answered with Idempotency-Replayed: true/,
    );
    expect(code).to.equal(1);
  });

  it('asks for the URL once, when the first test runs', async () => {
    const url = sinon.fake(async () => server.url);
    const tests = registered(url, { authentication, only: ['key-missing', 'key-empty', 'scope'] });
    expect(tests.size).to.equal(3);
    expect(url.callCount).to.equal(0);
    for (const test of tests.values()) await test.call(undefined);
    expect(url.callCount).to.equal(1);
  });

  it('declares no parameter, which a runner would take for a callback', () => {
    for (const test of registered(server.url, {}).values()) expect(test).to.have.length(0);
  });

  it('says by a title or a warning what is skipped, where a runner cannot skip', async () => {
    const warn = sinon.stub(console, 'warn');
    const tests = registered(server.url, { authentication, only: ['scope', 'marker-on-first'] });
    expect([...tests.keys()][1]).to.match(/\(scope; custom, draft-07 §5\): skipped, no otherIdentity$/);
    for (const test of tests.values()) await test.call(undefined);
    expect(warn.args).to.deep.equal([
      [
        'httpConformance: skipped, failed, which levels allows: a first request was answered with Idempotency-Replayed: true',
      ],
    ]);
  });

  it('fails each test where the server cannot be tested, and says why', async () => {
    const tests = registered(server.url, { only: ['key-missing', 'replay-body'] });
    for (const test of tests.values())
      expect(await rejection(test.call(undefined))).to.match(
        /^HttpConformanceError: POST \/payments was answered 401/,
      );
    expect(server.requests).to.equal(2);
  });

  it('refuses wrong options when it is registered', () => {
    expect(thrown(() => registered(server.url, { only: ['none'] }))).to.match(/option "only": expected ids/);
    expect(thrown(() => registered(() => server.url, { timeout: 0 }))).to.match(/option "timeout": expected/);
    expect(thrown(() => registered(server.url, { levels: ['must'] as never }))).to.match(
      /option "levels": expected/,
    );
    expect(thrown(() => httpConformance(server.url, { describe: 7 as never }))).to.match(
      /pass those of your test runner/,
    );
  });
});
