import { ConfigurationError } from '../../errors.js';
import { kindOf, quotedName } from '../../options/wrong-option.js';
import type { CrashTestOptions } from './crash-options.js';
import { here } from './here.js';
import { planOf } from './plan.js';

type Expectation = readonly [isRight: (value: unknown) => boolean, expected: string];

const isFunction = (value: unknown) => typeof value === 'function';
const aFunction: Expectation = [isFunction, 'a function'];
const whole = (least: number, most: number): Expectation => [
  (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  `a whole number, ${least} to ${most}`,
];

/** What each option has to be. */
const expectations: Readonly<Record<keyof CrashTestOptions<unknown>, Expectation>> = {
  setUp: [
    isFunction,
    'a function that makes the service, as in ({ store, effect }) => ({ service, ledger })',
  ],
  start: aFunction,
  calls: [
    (value) => Array.isArray(value) && value.length > 0 && value.every(isFunction),
    'a list of functions of which each makes one call, as in [({ service }) => service.placeHold(request)]',
  ],
  invariant: [
    isFunction,
    'a function that throws where something is wrong, as in ({ ledger }) => assert.equal(ledger.length, 1)',
  ],
  always: aFunction,
  store: aFunction,
  tearDown: aFunction,
  faults: whole(0, 5),
  switches: whole(0, 100),
  histories: whole(1, 10_000_000),
  seconds: [
    (value) => typeof value === 'number' && value > 0 && value <= 86_400,
    'a number of seconds, up to 86400',
  ],
  deliveries: whole(1, 100),
  seed: whole(0, 4_294_967_295),
  diagram: [(value) => typeof value === 'boolean', 'true or false'],
  repeat: [
    (value) => typeof value === 'string' && planOf(value) !== undefined,
    "what the message of a failure said, such as '3:1 7:4'",
  ],
};

const required = ['setUp', 'calls', 'invariant'] as const;

/**
 * Checks the options of a crash test before anything runs.
 *
 * @throws {ConfigurationError} for one that is wrong, missing or unknown, and for a crash test within another.
 */
export function checkCrashOptions(options: unknown): void {
  if (here.getStore())
    throw new ConfigurationError('crashTest was called within a crash test; let each test make one');
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(
      `crashTest got ${kindOf(options)}; expected its options: setUp, calls and invariant`,
    );
  for (const [name, value] of Object.entries(options)) {
    const expectation = expectations[name as keyof typeof expectations];
    if (!expectation)
      throw new ConfigurationError(
        `crashTest: there is no option ${quotedName(name)}; the options are ${Object.keys(expectations).join(', ')}`,
      );
    const isLeftOut = value === undefined && !(required as readonly string[]).includes(name);
    if (!isLeftOut && !expectation[0](value)) throw wrong(name, value, expectation[1]);
  }
  for (const name of required) if (!(name in options)) throw wrong(name, undefined, expectations[name][1]);
}

function wrong(name: string, value: unknown, expected: string): ConfigurationError {
  return new ConfigurationError(`crashTest: option "${name}" is ${kindOf(value)}; expected ${expected}`);
}
