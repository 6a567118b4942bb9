import type { ListingPlan } from '../record/persistence-store.js';

/** Tells on a terminal how far a long scan is, and what it costs before it begins. What a script reads stays free of both. */
export class Progress {
  #lastAt = 0;
  #isShown = false;

  constructor(
    readonly plan: ListingPlan,
    readonly output: NodeJS.WriteStream = process.stderr,
  ) {}

  /** Says what a scan costs. An index reads what it returns. */
  begin(): void {
    const { by, records, cost } = this.plan;
    if (by !== 'scan') return;
    const size = records === undefined ? 'every record' : `about ${number(records)} records`;
    this.output.write(`This reads ${size}.${cost === undefined ? '' : ` ${cost}`}\n`);
  }

  examined(count: number): void {
    const now = Date.now();
    if (!this.output.isTTY || now - this.#lastAt < 200) return;
    this.#lastAt = now;
    this.#isShown = true;
    const { records } = this.plan;
    const share = records ? ` (${Math.min(100, Math.round((100 * count) / records))} %)` : '';
    this.output.write(`\r\u001b[K${number(count)} records read${share}`);
  }

  end(): void {
    if (this.#isShown) this.output.write('\r\u001b[K');
    this.#isShown = false;
  }
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
