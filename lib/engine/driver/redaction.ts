import type { StoredOutcome } from '../../record/record.js';
import { askOption } from '../../settings/asked-option.js';
import type { PreparedCall } from './prepared-call.js';

/**
 * Returns what a record keeps of a result by the option `redact`. Where that gives nothing to keep, nothing is kept: the whole result
 * may be what nobody is to store.
 */
export function redactedOutcome(call: PreparedCall, result: unknown): StoredOutcome {
  const { redact, format } = call.settings;
  const asked = askOption(() => redact?.apply(call.self, [result, ...call.args]));
  if ('value' in asked) return format.encodeValue(asked.value, call);
  return { kind: 'none', reason: `the result cannot be redacted by option "redact": ${asked.fault}` };
}
