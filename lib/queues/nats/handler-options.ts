import type { Check } from '../../options/checked-options.js';
import type { Duration } from '../../options/duration.js';
import { durationCheck } from '../../settings/duration-checks.js';
import type { FailureReport } from '../core/failure-report.js';
import {
  checkMaxReceives,
  checkSettlementOptions,
  type SettlementOptions,
} from '../core/settlement-options.js';
import type { JetStreamHeaders } from './jetstream.js';

/** How a handler of JetStream settles its messages. */
export interface IdempotentHandlerOptions extends SettlementOptions {
  /** The subject that gets what is set aside. A stream must have it, and not this consumer: otherwise messages are tried again and again. */
  readonly deadLetters: string;
  /** The function `headers` of `@nats-io/nats-core`: the client takes no other headers than its own. */
  readonly headers: () => JetStreamHeaders;
  /** At which delivery a message is given up whose method fails: 2 or more. JetStream counts those too that were put off. */
  readonly maxReceives: number;
  /** How often the server is told that the method still runs: shorter than half of `ack_wait`. Default: never. */
  readonly extendEvery?: Duration;
  /** Told of each message whose method threw, or that could not be settled. Default: a line of JSON on the error output. */
  readonly report?: FailureReport;
}

/** NATS has no spaces in a subject, and none of its wildcards in one to publish to. */
const SUBJECT = /^[^\s.*>]+(\.[^\s.*>]+)*$/;

const aFunction: Check = (value) => (typeof value === 'function' ? undefined : 'a function');

const checks: Record<Exclude<keyof IdempotentHandlerOptions, keyof SettlementOptions>, Check> = {
  deadLetters: (value) =>
    typeof value === 'string' && SUBJECT.test(value) ? undefined : 'a subject without wildcards',
  headers: (value) =>
    typeof value === 'function' ? undefined : 'the function `headers` of @nats-io/nats-core',
  maxReceives: checkMaxReceives,
  extendEvery: durationCheck({ leastMs: 1, mostSeconds: 43_200, example: "10 or '10s'" }),
  report: aFunction,
};

/** @throws {ConfigurationError} that names the wrong option, and what is expected. */
export function checkHandlerOptions(options: IdempotentHandlerOptions): void {
  checkSettlementOptions(options, 'idempotentHandler', checks, ['deadLetters', 'headers', 'maxReceives']);
}
