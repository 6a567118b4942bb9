import { kindOfData } from '../options/wrong-option.js';
import { processName } from '../process/process-name.js';
import { warnOnce } from '../process/warnings.js';
import type { LambdaContext } from '../request/events/lambda.js';
import { askOption, type OptionResult } from '../settings/asked-option.js';
import type { Settings } from '../settings/settings.js';
import type { Execution } from './execution/execution.js';

/** A record has no longer name of who wrote it. */
const LONGEST_NAME = 200;

/**
 * Returns who makes a call, for the record: what the option `runtime` says, else the Lambda invocation, else that of the run that the call is
 * made in, else the host and process.
 */
export function runtimeOf(
  { runtime }: Settings,
  invocation: LambdaContext | undefined,
  around: Execution | undefined,
): string | undefined {
  if (runtime === false) return undefined;
  const name = typeof runtime === 'function' ? nameIn(askOption(runtime)) : runtime;
  if (name !== undefined || runtime !== undefined) return name?.slice(0, LONGEST_NAME);
  if (!invocation) return around?.by ?? (processName() || undefined);
  const { functionName = process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'lambda', awsRequestId } = invocation;
  return `${functionName} ${awsRequestId}`.slice(0, LONGEST_NAME);
}

function nameIn(asked: OptionResult): string | undefined {
  if ('value' in asked && (asked.value === undefined || typeof asked.value === 'string'))
    return asked.value || undefined;
  const fault = 'value' in asked ? `it returned ${kindOfData(asked.value)}` : asked.fault;
  warnOnce(
    'runtime',
    'RETRYSAFE_RUNTIME',
    `configureIdempotency: option "runtime" gave no name, since ${fault}, so records do not say who wrote them; expected a synchronous function () => string | undefined`,
  );
  return undefined;
}
