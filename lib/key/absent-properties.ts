/**
 * Whether a property counts as absent: one that is `undefined`, as it is lost on every wire. In a list it is an element like
 * any other.
 */
export function isAbsent(
  value: object,
  name: string | symbol,
  part = (value as Record<string | symbol, unknown>)[name],
): boolean {
  return part === undefined && !(Array.isArray(value) && /^(?:0|[1-9]\d*)$/.test(String(name)));
}
