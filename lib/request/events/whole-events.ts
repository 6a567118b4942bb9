import { isObject, isPlain } from '../../values/class-facts.js';
import type { ObjectsWithin } from '../../values/objects-within.js';
import { goodKeyOf, isDecodedCopy } from './lambda-events.js';

/**
 * Finds a whole event, or a whole record of one, in a selection: as the value itself, as a member of a list, or in what
 * the selector made. An event inside of a message or a body does not count: a sender wrote it, and it is the same with
 * every delivery.
 */
export function eventIn(
  value: unknown,
  request: ObjectsWithin,
  args: ObjectsWithin,
  seen = new Set<object>(),
): unknown {
  if (!isObject(value) || seen.has(value)) return undefined;
  seen.add(value);
  if (goodKeyOf(value) !== undefined) return isDecodedCopy(value) || args.has(value) ? value : undefined;
  if (!Array.isArray(value) && !isPlain(value)) return undefined;
  for (const part of Object.values(value)) {
    if (!isObject(part)) continue;
    const mayHold = (Array.isArray(value) && goodKeyOf(part) !== undefined) || !request.has(value);
    const event = mayHold ? eventIn(part, request, args, seen) : undefined;
    if (event !== undefined) return event;
  }
  return undefined;
}
