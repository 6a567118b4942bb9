import { checkOptions } from './check-options.js';
import { chosenChecks } from './chosen-checks.js';
import type { ConformanceLevel } from './conformance-level.js';
import type { HttpConformanceSuiteOptions } from './conformance-options.js';
import { settingsOf } from './conformance-settings.js';
import { type HttpCheck, runCheck } from './http-check.js';
import { HttpOptionError } from './http-option-error.js';
import { HttpTarget } from './http-target.js';

const allLevels: readonly ConformanceLevel[] = ['MUST', 'SHOULD', 'custom'];

/** What a runner hands to a test to skip it: mocha as `this`, node:test and Vitest as an argument. */
interface TestContext {
  skip?(reason?: string): unknown;
  /** mocha's test, whose title is read when it has ended. */
  readonly test?: { title: string };
}

/**
 * Registers a test for each check of an HTTP operation, of any server, against draft-ietf-httpapi-idempotency-key-header-07 and what
 * clients rely on beyond it. A check that cannot run is shown as skipped, with the reason, where the runner can do so; otherwise
 * its title says so, or a warning on the console.
 *
 * @example
 * httpConformance(() => server.url, { effects: '/payments/count', authentication: { Authorization: 'Bearer test' } });
 *
 * @param url The absolute URL of the operation, or a function that returns it, which is called once, when the first test runs.
 * @throws {TypeError} if there is no `describe` or `it`; for an option that is wrong or unknown.
 */
export function httpConformance(
  url: string | URL | (() => string | URL | Promise<string | URL>),
  { describe, it, levels = ['MUST', 'SHOULD'], ...options }: HttpConformanceSuiteOptions = {},
): void {
  const runner = globalThis as unknown as Required<HttpConformanceSuiteOptions>;
  const [suite, test] = [describe ?? runner.describe, it ?? runner.it];
  if (typeof suite !== 'function' || typeof test !== 'function')
    throw new TypeError(
      'httpConformance: there is no global describe or it; pass those of your test runner: { describe, it }',
    );
  if (!Array.isArray(levels) || levels.some((level) => !allLevels.includes(level)))
    throw new HttpOptionError('levels', `a list of ${allLevels.join(', ')}`);
  checkOptions(options);
  const checks = chosenChecks(options);
  // Those that lack an option lack it whatever the URL is.
  const settings = settingsOf(typeof url === 'function' ? 'http://localhost' : url, options);
  let target: Promise<HttpTarget> | undefined;
  const targetOnce = () => {
    target ??= Promise.resolve(typeof url === 'function' ? url() : url).then(
      (found) => new HttpTarget(settingsOf(found, options)),
    );
    return target;
  };
  suite('an HTTP operation with idempotency keys', () => {
    for (const check of checks) {
      const title = `${check.title} (${check.id}; ${check.level}, ${check.section})`;
      const lacking = check.lacks?.(settings);
      test(
        lacking === undefined ? title : `${title}: skipped, ${lacking}`,
        testOf(check, targetOnce, levels, lacking),
      );
    }
  });
}

function testOf(
  check: HttpCheck,
  targetOnce: () => Promise<HttpTarget>,
  levels: readonly ConformanceLevel[],
  lacking: string | undefined,
): () => Promise<void> {
  // It declares no parameter: mocha and Jest would take one for a callback.
  return async function (this: unknown, ...[argument]: unknown[]) {
    const context = [this, argument].find(canSkip);
    if (lacking !== undefined) return skipIn(context, lacking, true);
    const { outcome, detail = '' } = await runCheck(check, await targetOnce());
    if (outcome === 'skipped') return skipIn(context, detail);
    if (outcome === 'passed') return undefined;
    if (levels.includes(check.level)) throw new Error(`${check.title}: ${detail}`);
    return skipIn(context, `failed, which levels allows: ${detail}`);
  };
}

function canSkip(context: unknown): context is TestContext {
  return typeof (context as TestContext | undefined)?.skip === 'function';
}

/** Shows a test as skipped. The runner's function may throw to do so. */
function skipIn(context: TestContext | undefined, reason: string, isInTitle = false): void {
  if (context?.test && !isInTitle) context.test.title += `: skipped, ${reason}`;
  if (context) context.skip?.(reason);
  else if (!isInTitle) console.warn(`httpConformance: skipped, ${reason}`);
}
