import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { pending } from '../../support/pending.js';
import { until } from '../../support/until.js';
import { compiled, compileSamples, mode, root } from './compiled.js';

/** Where Debian and others have it. */
const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** What of a page of Playwright is used. */
interface Page {
  goto(url: string): Promise<unknown>;
  fill(selector: string, text: string): Promise<void>;
  uncheck(selector: string): Promise<void>;
  click(selector: string): Promise<void>;
  locator(selector: string): { allTextContents(): Promise<string[]> };
}

describe(`the sample of an HTTP API in Chromium, compiled with ${mode} decorators`, () => {
  let sample: ChildProcess;
  let browser: { newPage(): Promise<Page>; close(): Promise<void> };
  let page: Page;
  const linesOf = (list: string) => page.locator(`#${list} li`).allTextContents();

  before(async function () {
    this.timeout(60_000);
    const executablePath = browsers.find((path) => existsSync(path));
    if (!executablePath) pending(this, 'there is no Chromium here');
    const frameworks = join(root, 'spec/http/frameworks');
    if (!existsSync(join(frameworks, 'node_modules/playwright-core')))
      pending(this, 'playwright-core is not installed: npm run install:frameworks');
    await compileSamples();
    sample = spawn(process.execPath, [join(compiled, 'http-api/main.js')], {
      cwd: root,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    sample.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    const address = await until('the sample tells its address', () => /http:\S+/.exec(printed)?.[0]);
    const { chromium } = createRequire(join(frameworks, 'package.json'))('playwright-core');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(address);
  });

  after(async () => {
    await browser?.close();
    sample?.kill();
  });

  it('sends a payment, loses the answer, sends it again, and shows one effect', async function () {
    this.timeout(30_000);
    await page.fill('#amount', '40');
    await page.click('button');
    const log = await until('the payment is answered', async () => {
      const lines = await linesOf('log');
      return lines.length === 2 && (await linesOf('ledger')).length > 0 && lines;
    });
    expect(log).to.deep.equal([
      'attempt 1: no answer',
      'attempt 2: 201 payment-1, a replay of the first answer',
    ]);
    expect(await linesOf('ledger')).to.deep.equal(['payment-1: 40']);
  });

  it('sends another payment with another key', async function () {
    this.timeout(30_000);
    await page.uncheck('#lose');
    await page.click('button');
    const ledger = await until('the payment is in the ledger', async () => {
      const lines = await linesOf('ledger');
      return lines.length === 2 && lines;
    });
    expect(ledger).to.deep.equal(['payment-1: 40', 'payment-2: 40']);
    expect((await linesOf('log')).at(-1)).to.equal('attempt 1: 201 payment-2');
  });
});
