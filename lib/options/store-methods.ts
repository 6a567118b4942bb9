/** What every store has. */
export const STORE_METHODS = ['claim', 'replace', 'find'] as const;

/** Returns those of the methods that a value does not have. */
export function methodsMissing(value: unknown, names: readonly string[]): readonly string[] {
  const candidate = value as Record<string, unknown> | null | undefined;
  return names.filter((name) => typeof candidate?.[name] !== 'function');
}
