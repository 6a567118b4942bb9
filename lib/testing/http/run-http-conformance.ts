import { checkOptions } from './check-options.js';
import { chosenChecks } from './chosen-checks.js';
import type { ConformanceLevel } from './conformance-level.js';
import type { HttpConformanceOptions } from './conformance-options.js';
import { settingsOf } from './conformance-settings.js';
import { type HttpCheckVerdict, runCheck } from './http-check.js';
import { HttpTarget } from './http-target.js';

/** One check and what came of it. */
export interface HttpConformanceResult extends HttpCheckVerdict {
  /** Names the check. It never changes. */
  readonly id: string;
  /** What a server does that passes. */
  readonly title: string;
  /** Where that is written, such as `draft-07 §2.7`. `custom` where nothing says it. */
  readonly section: string;
  readonly level: ConformanceLevel;
}

/** How many checks of a level had each outcome. */
export interface HttpConformanceTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What the checks of a server found. It is JSON: `JSON.parse(JSON.stringify(report))` equals it. */
export interface HttpConformanceReport {
  /** The method and the URL that were tested, without user, password and query. */
  readonly operation: string;
  /** The text that `draft-07` in a section stands for. */
  readonly draft: 'draft-ietf-httpapi-idempotency-key-header-07';
  readonly results: readonly HttpConformanceResult[];
  readonly totals: Readonly<Record<ConformanceLevel, HttpConformanceTotals>>;
}

/**
 * Tests an HTTP operation, of any server, against draft-ietf-httpapi-idempotency-key-header-07 and what clients rely on beyond it.
 * The operation is really carried out, dozens of times: test a server whose effects do no harm. The checks run one after another.
 *
 * @example
 * const report = await runHttpConformance('http://127.0.0.1:3000/payments', { effects: '/payments/count' });
 * console.log(formatReport(report));
 *
 * @param url The absolute URL of the operation, of http or https.
 * @throws {HttpConformanceError} if the server cannot be reached, does not carry out a first request, or does not tell its effects
 * as `effects` says.
 * @throws {TypeError} for an option that is wrong or unknown.
 */
export async function runHttpConformance(
  url: string | URL,
  options: HttpConformanceOptions = {},
): Promise<HttpConformanceReport> {
  checkOptions(options);
  const checks = chosenChecks(options);
  const target = new HttpTarget(settingsOf(url, options));
  await target.prepare();
  const results: HttpConformanceResult[] = [];
  // One at a time, since effects are counted for all of them together.
  for (const check of checks) {
    const { id, title, section, level } = check;
    results.push({ id, title, section, level, ...(await runCheck(check, target)) });
  }
  const { method, url: tested } = target.settings;
  return {
    operation: `${method} ${tested.origin}${tested.pathname}`,
    draft: 'draft-ietf-httpapi-idempotency-key-header-07',
    results,
    totals: {
      MUST: totalsOf(results, 'MUST'),
      SHOULD: totalsOf(results, 'SHOULD'),
      custom: totalsOf(results, 'custom'),
    },
  };
}

function totalsOf(results: readonly HttpConformanceResult[], level: ConformanceLevel): HttpConformanceTotals {
  const count = (outcome: HttpCheckVerdict['outcome']) =>
    results.filter((result) => result.level === level && result.outcome === outcome).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
