import type { PerformedOperation } from '../../decorator/perform.js';
import { type Check, checkedOptions } from '../../options/checked-options.js';
import { definedOptions } from '../../options/options.js';
import { describeLateness } from '../../options/synchronous.js';
import { checkOptions } from '../../settings/option-checks.js';
import type { HttpOptions } from './http-options.js';
import { failureDecision } from './response-decisions.js';

/** The options that the engine has, too. It checks them. */
const engineOptions = [
  'store',
  'ttl',
  'lease',
  'renewFor',
  'wait',
  'onAbandoned',
  'maxAttempts',
  'unresolvedTtl',
  'onStoreFailure',
  'redact',
  'codec',
  'enabled',
] as const satisfies readonly (keyof HttpOptions<unknown>)[];

type OwnOption = Exclude<keyof HttpOptions<unknown>, (typeof engineOptions)[number]>;

function oneOf(...allowed: readonly unknown[]): Check {
  const shown = allowed.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ');
  return (value) => (allowed.includes(value) ? undefined : `one of ${shown}`);
}

function wholeNumber(least: number): Check {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `a whole number, ${least} or more`;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

const checks: Record<OwnOption, Check> = {
  scope: (value) =>
    value === 'public' || isFunction(value)
      ? undefined
      : "a function of the request that returns whom a key belongs to, or 'public' where all callers may share answers",
  name: (value) =>
    typeof value === 'string' && /^\S(?:.{0,78}\S)?$/.test(value)
      ? undefined
      : 'a text of 1 to 80 characters without surrounding space',
  // RFC 9110, section 5.6.2.
  header: (value) =>
    typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
      ? undefined
      : "the name of a header, such as 'Idempotency-Key'",
  required: oneOf(true, false),
  isOutcome: (value) => (isFunction(value) ? describeLateness(value as () => unknown) : 'a function'),
  onFailure: (value) => {
    if (isFunction(value)) return describeLateness(value as () => unknown);
    return value === 'release' || value === 'unknown'
      ? undefined
      : "'release', 'unknown', or a function of the response that returns one of them";
  },
  fingerprint: (value) => (isFunction(value) ? undefined : 'a function of the parts of a request'),
  maxKey: wholeNumber(1),
  maxRequest: wholeNumber(0),
  maxBody: wholeNumber(0),
  maxInFlight: wholeNumber(1),
  unscopedStatus: oneOf(400, 401, 403),
  problemTypes: (value) =>
    typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\S*$/i.test(value)
      ? undefined
      : "the beginning of a URI, such as 'https://api.example.com/problems/'",
  errors: oneOf('guard', 'framework'),
};

/**
 * Checks the options of an adapter.
 *
 * @throws {ConfigurationError} that names the wrong option, and what is expected.
 */
export function checkHttpOptions(options: unknown, where: string): void {
  const engine = Object.fromEntries(engineOptions.map((option) => [option, () => undefined]));
  checkedOptions(where, options, {
    checks: { ...checks, ...engine },
    required: ['scope'],
    example: 'options such as { store, scope: (request) => request.user.id }',
  });
  checkOptions(performedOptions(options as HttpOptions<unknown>), 'method', where);
}

/** Returns the options that all operations of a guard have. */
export function performedOptions<Request>(options: HttpOptions<Request>): Omit<PerformedOperation, 'name'> {
  const given = definedOptions(Object.fromEntries(engineOptions.map((option) => [option, options[option]])));
  return {
    wait: 0,
    renewFor: 300,
    ...given,
    onError() {
      return failureDecision(options, this);
    },
  };
}
