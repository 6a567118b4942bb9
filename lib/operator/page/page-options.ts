import { type Check, checkedOptions } from '../../options/checked-options.js';
import { isObject } from '../../options/reading.js';
import { methodsMissing, STORE_METHODS } from '../../options/store-methods.js';
import type { PersistenceStore } from '../../record/persistence-store.js';
import type { OperationSource } from '../known-operations.js';

/** Options of `operatorPage`. */
export interface OperatorPageOptions {
  /** The stores to look after, by the names that the page shows. Each can list its records. */
  readonly stores: Readonly<Record<string, PersistenceStore>>;
  /**
   * Returns the name of the operator who sent a request, or `undefined` where nobody may see the page. It is asked for every request, and must
   * not read the body. The name goes into each record that the operator resolves. Where it throws, so does the page.
   */
  readonly authorize: (request: Request) => string | undefined | Promise<string | undefined>;
  /**
   * The classes of your operations, instances of them, and functions of `makeIdempotent`. An outcome of one that is not among them is shown as far
   * as it can be read without its options, and a value for it has to be plain JSON. Default: none.
   */
  readonly operations?: readonly OperationSource[];
  /** The path of the page. Default: `'/'`. */
  readonly basePath?: string;
  /** Returns the address of a trace in your tracing tool, of `http` or `https`, for a W3C `traceparent`. Default: there are no links. */
  readonly traceUrl?: (traceparent: string) => string | undefined;
  /** Whether an operator may see an outcome, by asking for it. Default: `true`. */
  readonly reveal?: boolean;
  /** Whether the page changes nothing. Default: `false`. */
  readonly readOnly?: boolean;
  /** Whether the page counts the calls of its process. Default: `true`. */
  readonly rates?: boolean;
}

const isFunction = (value: unknown) => typeof value === 'function';
const aSwitch: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

const checks: Record<keyof OperatorPageOptions, Check> = {
  stores: (value) =>
    isObject(value) && !Array.isArray(value) && Object.keys(value).length > 0 && areStores(value)
      ? undefined
      : 'an object with a store for each name, such as { payments: store }; a name has 1 to 60 characters, and a store has claim, replace, find and records',
  authorize: (value) =>
    isFunction(value)
      ? undefined
      : "a function that returns the operator's name for a request, and undefined for anybody else; without one, run `npx retrysafe ui`, which serves the page on this machine alone",
  operations: (value) =>
    Array.isArray(value) ? undefined : 'a list of classes, instances and functions that have operations',
  basePath: (value) =>
    typeof value === 'string' && isPath(value)
      ? undefined
      : "a path such as '/operator', without '.' and '..'",
  traceUrl: (value) => (isFunction(value) ? undefined : 'a function of a traceparent that returns a URL'),
  reveal: aSwitch,
  readOnly: aSwitch,
  rates: aSwitch,
};

function areStores(stores: object): boolean {
  return Object.entries(stores).every(([name, store]) => /^.{1,60}$/u.test(name) && isListingStore(store));
}

function isListingStore(store: unknown): boolean {
  return methodsMissing(store, [...STORE_METHODS, 'records']).length === 0;
}

function isPath(value: string): boolean {
  return /^(?:\/|(?:\/[\w~%.-]+)+\/?)$/.test(value) && !/\/\.{1,2}(?:\/|$)/.test(value);
}

/**
 * Checks the options of a page.
 *
 * @throws {ConfigurationError} that names the wrong option, and what is expected.
 */
export function checkPageOptions(options: unknown): void {
  checkedOptions('operatorPage', options, {
    checks,
    required: ['stores', 'authorize'],
    example: '{ stores: { payments: store }, authorize: (request) => nameOfOperator(request) }',
  });
}
