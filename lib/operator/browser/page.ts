import type { PageSession } from '../page/messages.js';
import type { Address } from './address.js';

/** What a view knows of the page that shows it. */
export interface Page {
  readonly session: PageSession;
  readonly address: Address;
  /** Aborts when another view is shown. */
  readonly signal: AbortSignal;
  /** Shows another address. */
  go(to: Partial<Address>): void;
  /** Shows the same address again. */
  refresh(): void;
  /** Tells it to those who do not see it. */
  announce(text: string): void;
}

/** Returns a part of the page at once, and fills it when the server has answered. */
export type View = (page: Page) => HTMLElement;
