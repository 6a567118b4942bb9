import { HttpConformanceError } from './http-conformance-error.js';
import type { HttpAnswer } from './send-request.js';

/**
 * Reads how many effects there were.
 *
 * @throws {HttpConformanceError} if the answer does not say so.
 */
export function effectsIn({ status, body }: HttpAnswer): number {
  const count = status === 200 ? numberIn(body.toString()) : undefined;
  if (count !== undefined) return count;
  throw new HttpConformanceError(
    `The URL of effects was answered ${status}, without a count. Give one whose answer is a number, or JSON with a number as "effects" or "count".`,
  );
}

function numberIn(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { effects, count } = Object(value) as { readonly effects?: unknown; readonly count?: unknown };
    return [value, effects, count].find((one): one is number => typeof one === 'number');
  } catch {
    return undefined;
  }
}
