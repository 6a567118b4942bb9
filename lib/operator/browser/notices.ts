import { AskError } from './ask.js';
import { type Child, make } from './elements.js';
import type { Page } from './page.js';

export function notice(kind: 'info' | 'fault', ...children: readonly Child[]): HTMLElement {
  return make('div', { class: `notice ${kind}` }, ...children);
}

/** Fills a part of the page. Where the server does not answer, it says why, and offers to ask again. */
export async function fill(
  page: Page,
  part: HTMLElement,
  load: () => Promise<readonly Child[]>,
): Promise<void> {
  part.setAttribute('aria-busy', 'true');
  try {
    const children = await load();
    if (page.signal.aborted) return;
    replaceIn(part, ...children);
  } catch (error) {
    if (page.signal.aborted) return;
    const text = wordsOf(error);
    const again = make('button', { type: 'button', click: () => void fill(page, part, load) }, 'Try again');
    replaceIn(part, notice('fault', make('p', {}, text), again));
    page.announce(text);
  }
  part.removeAttribute('aria-busy');
}

/** Replaces what a part of the page has. Where that had the focus, the part gets it: the keyboard would begin anew otherwise. */
export function replaceIn(part: HTMLElement, ...children: readonly Child[]): void {
  const hadFocus = part.contains(document.activeElement);
  part.replaceChildren(...children.filter((one): one is Node | string => one !== undefined && one !== false));
  if (!hadFocus) return;
  part.tabIndex = -1;
  part.focus();
}

/** What is to be shown of an error. Any other than of the server is a fault of this page. */
export function wordsOf(error: unknown): string {
  if (error instanceof AskError) return error.message;
  console.error(error);
  return 'The page has a fault. Reload it.';
}
