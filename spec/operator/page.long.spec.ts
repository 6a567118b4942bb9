import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { RecordView } from 'retrysafe';
import type { OperatorPageOptions } from 'retrysafe/operator';
import { serveOnLoopback } from '#cli/serve-on-loopback.js';
import { pageOfDesks } from '#operator/page/operator-page.js';
import { until } from '../support/until.js';
import {
  accessibilityFaults,
  type BrowserPage,
  type Look,
  overflow,
  useBrowser,
  usePageServer,
} from './browser.js';
import { DeskInMemory, recordView } from './desk-in-memory.js';
import { PageScreen } from './page-screen.js';

const light: Look = { width: 1_200, height: 800, colorScheme: 'light' };
const looks: readonly (readonly [name: string, look: Look])[] = [
  ['on a desktop, in light colours', light],
  ['on a desktop, in dark colours', { ...light, colorScheme: 'dark' }],
  ['on a phone, in light colours', { width: 360, height: 740, colorScheme: 'light', isPhone: true }],
  ['on a phone, in dark colours', { width: 360, height: 740, colorScheme: 'dark', isPhone: true }],
];

const screenshot = fileURLToPath(new URL('../../../docs/images/operator-page.png', import.meta.url));
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const minutes = (count: number) => Date.now() - count * 60_000;

/** What a bad day may leave. */
function badDay(): DeskInMemory {
  const key = (operation: string, digest: string) => ({ operation, key: `${operation}#${digest.repeat(6)}` });
  const charge = (digest: string) => key('Payments.charge', digest);
  const timeout = { kind: 'error', error: 'GatewayTimeoutError', code: 'ETIMEDOUT' } as const;
  const completed = recordView({
    ...charge('9c41f0d37ab'),
    status: 'completed',
    outcome: 'value',
    since: minutes(3),
  });
  const desk = new DeskInMemory(
    recordView({
      ...charge('3fa81c20e97'),
      why: timeout,
      traceparent,
      since: minutes(4),
      by: 'payments-7d9f:1',
    }),
    recordView({ ...charge('b07e55d1c3a'), why: timeout, since: minutes(6), by: 'payments-7d9f:1' }),
    recordView({
      ...key('Refunds.create', '61dd90ab42f'),
      why: { kind: 'no-completion' },
      since: minutes(17),
      attempt: 2,
      by: 'refunds-51c2:1',
    }),
    recordView({ ...charge('0e2c7b88f15'), status: 'abandoned', since: minutes(42), by: 'payments-c0aa:1' }),
    recordView({
      ...key('Ledger.book', 'd4b2136ea70'),
      status: 'abandoned',
      since: minutes(190),
      attempt: 3,
      by: 'ledger-4b1e:1',
    }),
    completed,
    recordView({ ...charge('77aa01b4e2c'), status: 'in-progress', since: minutes(0) }),
    recordView({ ...charge('1b9d3f60ce8'), status: 'released', since: minutes(9), why: timeout }),
  );
  desk.outcomes.set(completed.key, '{\n  "charged": 40\n}');
  return desk;
}

describe("the operator's page in Chromium", function () {
  this.timeout(60_000);
  const browser = useBrowser();
  const server = usePageServer();

  /** Opens a page of some desks. What the browser complains of is in `faults`. */
  async function opened(
    look: Look,
    desks: Readonly<Record<string, DeskInMemory>>,
    options: Partial<OperatorPageOptions> = {},
  ) {
    const given = { authorize: () => 'alice@example.com', basePath: '/operator', ...options };
    const page = await browser.open(look);
    const faults: string[] = [];
    page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('dialog', () => faults.push('a dialog'));
    const address = await server.serve(pageOfDesks(new Map(Object.entries(desks)), given), '/operator');
    return { page, faults, screen: new PageScreen(page, address) };
  }

  /** Shows every part of the page, one after another. */
  async function eachPart(screen: PageScreen, look: (part: string) => Promise<void>) {
    const { page } = screen;
    await screen.open();
    await look('the list');
    await page.locator('tbody input').first().check();
    await screen.button('Resolve 1 record…').click();
    await page.locator('dialog .choice label').first().click();
    await look('the decision');
    await screen.labelled('Value, as JSON').fill('{"charged":40}');
    await page.locator('dialog label').filter({ hasText: 'plain JSON' }).click();
    await screen.labelled('Reason').fill('OPS-17');
    await screen.button('Continue').click();
    await screen.button('Answer 1 record').waitFor();
    await look('the confirmation');
    await screen.button('Answer 1 record').click();
    await screen.button('Close').waitFor();
    await look('the results');
    await screen.close();
    await screen.open('?status=any&prefix=nothing');
    await look('nothing');
    await screen.open('?status=completed');
    await page.locator('.key-link').last().click();
    await page.locator('.life').waitFor();
    await screen.button('Reveal the outcome').click();
    await page.locator('.outcome').waitFor();
    await look('the record');
    await screen.visit('Counts');
    await look('the offer to count');
    await screen.button('Count the records').click();
    await page.locator('table').waitFor();
    await look('the counts');
    await screen.visit('Rates');
    await look('the rates');
    await screen.open('?view=record&key=Payments.charge%23gone');
    await look('a fault');
  }

  for (const [name, look] of looks) {
    it(`has no fault of accessibility that axe finds, and fits the screen, ${name}`, async () => {
      const { page, screen } = await opened(look, { payments: badDay(), refunds: new DeskInMemory() });
      const found: string[] = [];
      const parts: string[] = [];
      await eachPart(screen, async (part) => {
        parts.push(part);
        found.push(...(await accessibilityFaults(page)).map((fault) => `${part}: ${fault}`));
        const wider = await overflow(page);
        if (wider > 0) found.push(`${part} is ${wider} pixels wider than the screen`);
      });
      expect(parts).to.have.length(10);
      expect(found).to.deep.equal([]);
    });
  }

  it('is looked at by an axe that finds what is wrong', async () => {
    const page = await browser.open(light);
    await page.setContent('<html><body><img src="data:,"><button></button></body></html>');
    expect((await accessibilityFaults(page)).join())
      .to.include('image-alt')
      .and.to.include('button-name');
  });

  it('is used by the keyboard alone: from the link to the list, by a decision, to its results', async () => {
    const desk = badDay();
    const { page, screen, faults } = await opened(light, { payments: desk });
    await screen.open();
    const { keyboard } = page;
    const focused = () =>
      page.evaluate<string>(`(() => {
        const { activeElement: one } = document;
        const label = one.labels?.[0]?.textContent ?? one.textContent;
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return one.localName + ' ' + label.trim() + (one.matches(':focus-visible') && one.localName !== 'h1' && one.localName !== 'h2' &&
          (outlineStyle === 'none' || outlineWidth === '0px') ? ' without a visible focus' : '');
      })()`);
    const seen: string[] = [];
    /** Goes on by the tabulator to what has this text. */
    const reach = async (text: string) => {
      for (let count = 0; count < 60; count += 1) {
        await keyboard.press('Tab');
        const now = await focused();
        seen.push(now);
        if (now.includes(text)) return;
      }
      throw new Error(`the keyboard does not reach ${text}: ${seen.join(', ')}`);
    };
    await reach('Skip to the content');
    await keyboard.press('Enter');
    await reach('Select unknown');
    await keyboard.press('Space');
    await reach('Select unknown');
    await keyboard.press('Space');
    await keyboard.press('Shift+Tab');
    await page.locator('h1').waitFor();
    for (let count = 0; count < 5 && !(await focused()).includes('Resolve 2 records'); count += 1)
      await keyboard.press('Shift+Tab');
    expect(await focused()).to.equal('button Resolve 2 records…');
    await keyboard.press('Enter');
    expect(await focused()).to.include('Answer with a value');
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowUp');
    await keyboard.press('ArrowDown');
    expect(await focused()).to.include('Run again');
    await reach('Reason');
    // Nothing is decided without a reason: the browser says so, and stays.
    await keyboard.press('Enter');
    expect(await focused()).to.include('Reason');
    await keyboard.type('OPS-1');
    await keyboard.press('Enter');
    expect(await focused()).to.equal('h2 Is this right?');
    expect(desk.resolutions).to.deep.equal([]);
    await reach('Let 2 records run again');
    await keyboard.press('Enter');
    await until('the records are resolved', async () => (await focused()) === 'button Close');
    expect(desk.resolutions.map(({ as, reason, by }) => [as, reason, by])).to.deep.equal([
      ['run-again', 'OPS-1', 'alice@example.com'],
      ['run-again', 'OPS-1', 'alice@example.com'],
    ]);
    await keyboard.press('Enter');
    await until('the list is shown again', async () => (await focused()) === 'h1 Stuck records');
    await reach('Select abandoned');
    await keyboard.press('Space');
    for (let count = 0; count < 9 && !(await focused()).includes('Resolve 1 record'); count += 1)
      await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    await keyboard.press('Escape');
    await until('the dialog is closed', async () => (await focused()) === 'button Resolve 1 record…');
    expect(seen.filter((one) => one.endsWith('without a visible focus'))).to.deep.equal([]);
    expect(faults).to.deep.equal([]);
  });

  it('tells a screen reader how many records there are, and what became of each', async () => {
    const { page, screen } = await opened(light, { payments: badDay() });
    await screen.open();
    const live = page.locator('[aria-live=polite]');
    await until('the count is told', async () => (await live.textContent()) === '5 records.');
    await page.locator('tbody input').first().check();
    await screen.decide('Resolve 1 record…', { as: 'Forget', reason: 'OPS-2' }, 'Forget 1 record');
    expect(await page.locator('dialog [role=status]').textContent()).to.equal('1 record resolved, of 1.');
  });

  it('goes on by pages, whose addresses lead to the same again', async () => {
    const many = Array.from({ length: 120 }, () => recordView());
    const { page, screen } = await opened(light, { payments: new DeskInMemory(...many) });
    await screen.open();
    expect(await screen.keys()).to.have.length(50);
    await page.locator('a[rel=next]').click();
    const second = await screen.keys();
    expect(second).to.deep.equal(
      many
        .slice(50, 100)
        .map(({ key }) => key)
        .sort(),
    );
    await page.reload();
    expect(await screen.keys()).to.deep.equal(second);
    await page.locator('a[rel=next]').click();
    expect(await screen.keys()).to.have.length(20);
    expect(await page.locator('a[rel=next]').count()).to.equal(0);
    await page.goBack();
    expect(await screen.keys()).to.deep.equal(second);
  });

  it('reads every record of a store that has no index only when it is told to', async () => {
    const desk = badDay();
    let listings = 0;
    const { list } = desk;
    desk.plan = async () =>
      ({ by: 'scan', records: 2_000_000, cost: 'It takes 40,000 read units.' }) as never;
    desk.list = (query) => {
      listings += 1;
      return list.call(desk, query);
    };
    const { page, screen } = await opened(light, { payments: desk });
    await page.goto(
      await server.serve(pageOfDesks(new Map([['payments', desk]]), { authorize: () => 'a' }), '/'),
    );
    await screen.button('List them').waitFor();
    expect(await page.locator('.notice').textContent())
      .to.include('2,000,000')
      .and.to.include('40,000 read units');
    expect(listings).to.equal(0);
    await screen.button('List them').click();
    await page.locator('tbody').waitFor();
    expect(listings).to.equal(1);
  });

  it('has nothing to decide with where it changes nothing, and nothing to reveal with where it never shows an outcome', async () => {
    const { page, screen } = await opened(light, { payments: badDay() }, { readOnly: true, reveal: false });
    await screen.open('?status=completed');
    expect(await page.locator('input[type=checkbox]').count()).to.equal(0);
    expect(await page.locator('header').textContent()).to.include('read only');
    await page.locator('.key-link').first().click();
    await page.locator('.life').waitFor();
    expect(await page.locator('main button').allTextContents()).to.deep.equal(['Copy key']);
  });

  it('says what is wrong, and asks again when it is told to', async () => {
    const desk = badDay();
    const { list } = desk;
    desk.list = () => Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }));
    const { page, screen } = await opened(light, { payments: desk });
    await screen.open();
    expect(await page.locator('.notice.fault').textContent())
      .to.include('ECONNREFUSED')
      .and.not.to.include('secret');
    desk.list = list;
    await screen.button('Try again').click();
    expect(await screen.keys()).to.have.length(5);
    // The button that had the focus is gone.
    expect(await page.evaluate<string>('document.activeElement.localName')).to.equal('section');
  });

  const hostile = [
    '<img src=x onerror=alert(1)>',
    '</script><script>alert(1)</script>',
    '"><svg onload=alert(1)>',
    'javascript:alert(1)',
    '{{constructor.constructor("alert(1)")()}}',
    '\u202Efdp.exe\u202C',
    'a\u0000b\u001B[31mc\u200Bd\nE',
    '../../etc/passwd',
    '%3Cscript%3E',
    '\u{1F4A9}',
  ];
  for (const text of hostile) {
    it(`shows ${JSON.stringify(text)} as a text, wherever it comes from`, async () => {
      const given: Partial<RecordView> = {
        operation: text,
        key: `${text}#${text}`,
        by: text,
        traceparent: text,
        fingerprint: text,
        why: { kind: 'error', error: text, code: text, text },
      };
      const stuck = recordView(given);
      const settled = recordView({
        ...given,
        key: `${text}#${text}2`,
        status: 'completed',
        outcome: 'value',
        why: { kind: 'resolved', as: 'value', reason: text },
      });
      const desk = new DeskInMemory(stuck, settled);
      desk.outcomes.set(settled.key, text);
      const name = text.replace(/[\n]/g, ' ').slice(0, 60);
      const { page, screen, faults } = await opened(
        { ...light, width: 800 },
        { [name]: desk },
        { authorize: () => text, traceUrl: () => text },
      );
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await screen.open('?status=any');
      await page.locator('.key-link').last().click();
      await page.locator('.life').waitFor();
      await screen.button('Reveal the outcome').click();
      await page.locator('.outcome').waitFor();
      await screen.decide('Resolve…', { as: 'Refuse', reason: text }, 'Refuse 1 record');
      await screen.close();
      await screen.visit('Counts');
      await screen.button('Count the records').click();
      await page.locator('table').waitFor();
      // It is on the page, as far as it can be seen, and nothing of it is an element, a link or a request.
      expect(await page.locator('tbody').textContent()).to.include(
        text.slice(0, 1) === '\u202E' ? '\\u{202e}' : text.slice(0, 1),
      );
      const found = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('main img, main script, main svg:not(.chart), main iframe, main a')]
        .filter((one) => one.localName !== 'a' || !one.href.startsWith(location.origin + '/operator/')).map((one) => one.outerHTML)`);
      expect(found).to.deep.equal([]);
      expect(
        await page.evaluate<boolean>(
          `/[\\u202A-\\u202E\\u2066-\\u2069\\u200B]/.test(document.body.innerText)`,
        ),
      ).to.equal(false);
      const { origin } = new URL(page.url());
      for (const url of requests)
        expect(url.startsWith(`${origin}/operator/`) || url.startsWith('data:'), url).to.equal(true);
      expect(faults).to.deep.equal([]);
    });
  }

  it('runs no script that gets into it all the same: neither inline, nor by HTML, nor from elsewhere', async () => {
    const { page, screen } = await opened(light, { payments: badDay() });
    await screen.open();
    const ran = await page.evaluate<unknown>(`(async () => {
      const attempts = [
        () => { const one = document.createElement('script'); one.textContent = 'globalThis.ran = 1'; document.body.append(one); },
        () => { document.body.innerHTML += '<img src="data:," onerror="globalThis.ran = 2">'; },
        () => { const one = document.createElement('div'); one.setAttribute('onclick', 'globalThis.ran = 3'); document.body.append(one); one.click(); },
        () => { const one = document.createElement('a'); one.href = 'javascript:globalThis.ran = 4'; document.body.append(one); one.click(); },
      ];
      for (const attempt of attempts) try { attempt(); } catch {}
      await new Promise((resolve) => setTimeout(resolve, 100));
      return globalThis.ran;
    })()`);
    expect(ran).to.equal(undefined);
  });

  it('is in no frame of another page', async () => {
    const { page, screen } = await opened(light, { payments: badDay() });
    await screen.open();
    const address = page.url();
    const other = await browser.open(light);
    const said: string[] = [];
    other.on('console', (message) => said.push(message.text()));
    const frame = await server.serve(
      async () =>
        new Response(`<iframe src="${address}"></iframe>`, { headers: { 'content-type': 'text/html' } }),
      '/',
    );
    await other.goto(frame);
    await until('the browser refuses the frame', () =>
      said.some((text) => /frame-ancestors|X-Frame-Options/i.test(text)),
    );
  });

  it('is opened by the link of `retrysafe ui`, once, and the token is gone from the address', async () => {
    const loopback = await serveOnLoopback({ desks: new Map([['payments', badDay()]]), operator: 'alice' });
    try {
      const { hash } = new URL(loopback.link);
      const page = await browser.open(light);
      const sent: string[] = [];
      page.on('request', (request) => sent.push(request.url()));
      await page.goto(loopback.link);
      await page.locator('tbody .key-link').first().waitFor();
      expect(page.url()).to.equal(loopback.link.replace(hash, ''));
      expect(await page.evaluate<string>('document.cookie')).to.equal('');
      for (const url of sent) expect(url).not.to.include(hash.slice(1));
      await page.reload();
      await page.locator('tbody .key-link').first().waitFor();
      const another = await browser.open(light);
      await another.goto(loopback.link);
      await until('the second one is refused', async () =>
        (await another.locator('[role=status]').textContent())?.includes('was used before'),
      );
      expect(another.url()).not.to.include('#');
    } finally {
      await loopback.close();
    }
  });

  it('has a screenshot in the documents; `OPERATOR_SCREENSHOT=write` takes it anew', async () => {
    if (process.env.OPERATOR_SCREENSHOT === 'write') {
      const { page, screen } = await opened({ ...light, width: 1_100, height: 590 }, { payments: badDay() });
      await screen.open();
      await select(page, 2);
      await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished))');
      await page.screenshot({ path: screenshot });
    }
    expect(existsSync(screenshot), screenshot).to.equal(true);
    expect(statSync(screenshot).size).to.be.within(10_000, 150_000);
  });
});

async function select(page: BrowserPage, count: number): Promise<void> {
  for (let row = 1; row <= count; row += 1) await page.locator(`tbody tr:nth-child(${row}) input`).check();
}
