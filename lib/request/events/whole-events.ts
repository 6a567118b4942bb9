import { isPlain } from '../../values/class-facts.js';
import type { ObjectsWithin } from '../../values/objects-within.js';
import { goodKeyOf, isDecodedCopy } from './lambda-events.js';

/**
 * Finds an event, or a record of one, that a selection has whole: as the value itself, as a member of a list, or in what
 * the selection put together. What a message or a body holds is not among them, whatever it looks like: it is its
 * sender's, and the same with every delivery.
 */
export function eventIn(
  value: unknown,
  request: ObjectsWithin,
  args: ObjectsWithin,
  seen = new Set<object>(),
): unknown {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (goodKeyOf(value) !== undefined) return isDecodedCopy(value) || args.has(value) ? value : undefined;
  if (!Array.isArray(value) && !isPlain(value)) return undefined;
  const mayHold = (part: unknown) =>
    (Array.isArray(value) && goodKeyOf(part) !== undefined) || !request.has(value);
  for (const part of Object.values(value)) {
    const isObject = typeof part === 'object' && part !== null;
    const event = isObject && mayHold(part) ? eventIn(part, request, args, seen) : undefined;
    if (event !== undefined) return event;
  }
  return undefined;
}
