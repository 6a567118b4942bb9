import type { DeskQuery } from '../operator/desk.js';
import { milliseconds } from '../options/duration.js';
import type { ArgumentOption, ReadArguments } from './read-arguments.js';
import { UsageError } from './usage-error.js';

const STATUSES = [
  'stuck',
  'in-progress',
  'abandoned',
  'completed',
  'unknown',
  'released',
  'unreadable',
] as const;

/** The options that say which records a command is about. */
export const filterArguments = {
  status: {
    value: '<status>',
    help: `One of ${STATUSES.join(', ')}. stuck: unknown or abandoned.`,
  },
  operation: { value: '<name>', help: 'The name of the operation, such as PreFundService.placeHold.' },
  older: {
    value: '<duration>',
    help: "How long they have had their status at least: '90s', '15m', '1h', '2d'.",
  },
  prefix: { value: '<text>', help: 'What their keys begin with.' },
} as const satisfies Readonly<Record<string, ArgumentOption>>;

/** @throws {UsageError} for a value that cannot be read. */
export function filterOf({ values }: ReadArguments): DeskQuery {
  const [status] = values.status ?? [];
  const [operation] = values.operation ?? [];
  const [prefix] = values.prefix ?? [];
  const [older] = values.older ?? [];
  if (status !== undefined && !isStatus(status))
    throw new UsageError(`--status: expected one of ${STATUSES.join(', ')}`);
  return {
    ...(status !== undefined && { status }),
    ...(operation !== undefined && { operation }),
    ...(prefix !== undefined && { prefix }),
    ...(older !== undefined && { olderThan: Date.now() - lengthOf(older) }),
  };
}

function isStatus(text: string): text is (typeof STATUSES)[number] {
  return STATUSES.some((status) => status === text);
}

function lengthOf(text: string): number {
  const lengthMs = milliseconds(text as '1h');
  if (lengthMs !== undefined && lengthMs > 0) return lengthMs;
  throw new UsageError("--older: expected a duration with a unit: '90s', '15m', '1h', '2d'");
}
