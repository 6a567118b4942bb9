import type { PersistenceStore } from '../../record/persistence-store.js';
import { checkCrashOptions } from './check-crash-options.js';
import type { CrashTestOptions } from './crash-options.js';
import type { CrashTestReport } from './crash-report.js';
import type { CrashTestError } from './crash-test-error.js';
import { diverged } from './diverged.js';
import { Explorer, type Found } from './explore.js';
import { type Plan, planOf } from './plan.js';
import { takeTurn } from './take-turn.js';
import { failureOf } from './tell-failure.js';
import type { TestStore } from './test-store.js';
import { wordsFor } from './words.js';

/**
 * Makes calls of a service while its processes die: before and after each operation of the store, each effect and each transaction,
 * in every order of their steps, with answers that are lost, processes that stand still, and messages that come twice. All calls are
 * made again until they have an outcome. Then the invariant must hold. Resolves to what was tried.
 *
 * @example
 * await crashTest({
 *   setUp: ({ store, effect }) => {
 *     const holds: Hold[] = [];
 *     const bank = { placeHold: effect('bank.placeHold', (order: Order) => holds.push(order)) };
 *     return { service: new PreFundService(bank, store), holds };
 *   },
 *   calls: [({ service }) => service.placeHold(request), ({ service }) => service.placeHold(request)],
 *   invariant: ({ holds }) => assert.equal(holds.length, 1),
 * });
 *
 * @throws {CrashTestError} with the shortest history that was found in which the invariant does not hold.
 * @throws {ConfigurationError} for a wrong option.
 */
export async function crashTest<Made, Started = Made, Store extends PersistenceStore = TestStore>(
  options: CrashTestOptions<Made, Started, Store>,
): Promise<CrashTestReport> {
  checkCrashOptions(options);
  const explorer = new Explorer(options as unknown as CrashTestOptions<unknown, unknown>);
  return takeTurn(async () => {
    if (options.repeat !== undefined) return repeat(explorer, options.repeat);
    const { report, found } = await explorer.explore();
    if (found) throw await failure(explorer, found);
    return report;
  });
}

/** Lives through one history alone. */
async function repeat(explorer: Explorer, text: string): Promise<CrashTestReport> {
  const choices = planOf(text) as Plan[];
  const plan = choices.reduce<Plan | undefined>((parent, choice) => ({ ...choice, parent }), undefined);
  const history = await explorer.live(plan, true);
  if (history.violation) throw failureOf(history, plan, explorer.report(), explorer.options.diagram === true);
  return explorer.report();
}

/** Tells what was found. It is lived through once more, since only then it is noted what happens. */
async function failure(explorer: Explorer, found: Found): Promise<CrashTestError> {
  const { plan, history } = await explorer.shorten(found);
  const told = await explorer.live(plan, true);
  if (!told.violation)
    throw diverged(`there was ${wordsFor(history.violation?.thrown)} before, and now the invariant holds`);
  return failureOf(told, plan, explorer.report(), explorer.options.diagram === true);
}
