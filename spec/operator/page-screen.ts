import type { BrowserPage, Locator } from './browser.js';

/** The operator's page, as an operator sees it. */
export class PageScreen {
  readonly page: BrowserPage;
  readonly #address: string;

  constructor(page: BrowserPage, address: string) {
    this.page = page;
    this.#address = address;
  }

  /** Opens the page, or a part of it. */
  async open(search = ''): Promise<void> {
    await this.page.goto(`${this.#address}/${search}`);
    await this.#settled();
  }

  /** Follows a link of the navigation. */
  async visit(view: 'Stuck' | 'Records' | 'Counts' | 'Rates'): Promise<void> {
    await this.page.locator('header nav a').filter({ hasText: view }).click();
    await this.#settled();
  }

  /** Sets filters, by their labels, and shows what they say. */
  async filter(filters: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(filters)) {
      const control = this.labelled(label);
      await (label === 'Status' || label === 'Store' ? control.selectOption(value) : control.fill(value));
    }
    await this.button('Show').click();
    await this.#settled();
  }

  /** The keys that are listed. */
  async keys(): Promise<readonly string[]> {
    await this.#settled();
    const keys: string[] = [];
    const links = await this.page.locator('tbody .key-link').count();
    for (let index = 0; index < links; index += 1) {
      const link = this.page.locator(`tbody tr:nth-child(${index + 1}) .key-link bdi`);
      keys.push((await link.getAttribute('title')) ?? (await link.textContent()) ?? '');
    }
    return keys.sort();
  }

  row(key: string): Locator {
    return this.page.locator(`tbody tr:has([title="${key}"])`);
  }

  /** Shows one record. */
  async show(key: string): Promise<void> {
    await this.row(key).locator('.key-link').click();
    await this.page.locator('.life').waitFor();
  }

  /** What the time line says, an entry for each event. */
  life(): Promise<string[]> {
    return this.page.locator('.life .what strong').allTextContents();
  }

  async select(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.row(key).locator('input').check();
  }

  /** Decides in the dialog that a button opens. Resolves to what it says at last. */
  async decide(
    button: string,
    { as, json, reason }: { readonly as: string; readonly json?: string; readonly reason: string },
    confirm: string,
  ): Promise<readonly string[]> {
    await this.button(button).click();
    await this.page.locator('dialog .choice label').filter({ hasText: as }).click();
    if (json !== undefined) await this.labelled('Value, as JSON').fill(json);
    await this.labelled('Reason').fill(reason);
    await this.button('Continue').click();
    await this.button(confirm).click();
    await this.button('Close').waitFor();
    return this.page.locator('.results li').allTextContents();
  }

  /** Closes the dialog; the view is shown again. */
  async close(): Promise<void> {
    await this.button('Close').click();
    await this.page.locator('dialog').waitFor({ state: 'detached' });
    await this.#settled();
  }

  button(name: string): Locator {
    return this.page.locator(`role=button[name="${name}"s]`);
  }

  labelled(label: string): Locator {
    return this.page.locator(`.field:has(label:text-is("${label}")) :is(input, select, textarea)`);
  }

  /** A store that has to read every record asks first. */
  async #settled(): Promise<void> {
    await this.page.locator('main h1').waitFor();
    await this.page.locator('[aria-busy]').waitFor({ state: 'detached' });
    const list = this.button('List them');
    if ((await list.count()) === 0) return;
    await list.click();
    await this.page.locator('[aria-busy]').waitFor({ state: 'detached' });
  }
}
