import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { nodeListener, type OperatorPage } from 'retrysafe/operator';
import { pending } from '../support/pending.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const frameworks = `${root}spec/http/frameworks`;
/** Where Debian and others have it. */
const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** What of a locator of Playwright is used. */
export interface Locator {
  locator(selector: string): Locator;
  filter(options: { readonly hasText: string | RegExp }): Locator;
  first(): Locator;
  last(): Locator;
  count(): Promise<number>;
  click(): Promise<void>;
  check(): Promise<void>;
  fill(text: string): Promise<void>;
  focus(): Promise<void>;
  selectOption(value: string): Promise<unknown>;
  textContent(): Promise<string | null>;
  getAttribute(name: string): Promise<string | null>;
  allTextContents(): Promise<string[]>;
  isDisabled(): Promise<boolean>;
  waitFor(options?: { readonly state?: 'visible' | 'hidden' | 'detached' }): Promise<void>;
}

/** What of a page of Playwright is used. */
export interface BrowserPage extends Pick<Locator, 'locator'> {
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  setDefaultTimeout(ms: number): void;
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  goBack(): Promise<unknown>;
  url(): string;
  title(): Promise<string>;
  evaluate<T>(script: string | (() => T)): Promise<T>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
  setContent(html: string): Promise<void>;
  on(event: 'console', listener: (message: { text(): string; type(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  on(event: 'dialog', listener: (dialog: unknown) => void): void;
}

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  readonly isPhone?: boolean;
}

interface Context {
  newPage(): Promise<BrowserPage>;
  close(): Promise<void>;
}

interface Chromium {
  newContext(options: object): Promise<Context>;
  close(): Promise<void>;
}

/** Gives the specs of a `describe` a Chromium. They are pending where there is none, or nothing to drive it. */
export function useBrowser() {
  let chromium: Chromium;
  const contexts: Context[] = [];

  before(async function () {
    this.timeout(60_000);
    const executablePath = browsers.find((path) => existsSync(path));
    if (!executablePath) pending(this, 'there is no Chromium here');
    if (!existsSync(`${frameworks}/node_modules/playwright-core`))
      pending(this, 'playwright-core is not installed: npm run install:frameworks');
    const playwright = createRequire(`${frameworks}/package.json`)('playwright-core');
    chromium = await playwright.chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  after(() => chromium?.close());

  return {
    /** Opens a page of its own session. */
    async open({ width, height, colorScheme, isPhone = false }: Look): Promise<BrowserPage> {
      const viewport = { width, height };
      const context = await chromium.newContext({
        viewport,
        colorScheme,
        isMobile: isPhone,
        hasTouch: isPhone,
        locale: 'en-GB',
      });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      return page;
    },
  };
}

/** Serves pages of the operator for the specs of a `describe`. */
export function usePageServer() {
  const servers: Server[] = [];
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
  return {
    /** Resolves to the address of the page, which is at `path`. */
    async serve(page: OperatorPage, path: string): Promise<string> {
      const server = createServer(nodeListener(page));
      servers.push(server);
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    },
  };
}

const axe = `${frameworks}/node_modules/axe-core/axe.min.js`;

/** What a check of WCAG 2.2, levels A and AA, and of good practice finds on a page as it is. */
export async function accessibilityFaults(page: BrowserPage): Promise<readonly string[]> {
  await page.evaluate(readFileSync(axe, 'utf8'));
  return page.evaluate<string[]>(`axe.run().then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ': ' + failureSummary)))`);
}

/** How many pixels a page is wider than the screen. */
export function overflow(page: BrowserPage): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
