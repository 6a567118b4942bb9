/**
 * Returns what the semantic conventions call `error.type`: the code of an error of this library, otherwise the error's name. A name may be data,
 * so one that could not be a name in source code is `_OTHER`.
 */
export function errorTypeOf(error: unknown, code?: string): string {
  if (code !== undefined) return code;
  try {
    const { name } = error as { readonly name?: unknown };
    if (typeof name === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$.]{0,59}$/u.test(name)) return name;
  } catch {
    // What is no object has no name, and a getter or a proxy may throw.
  }
  return '_OTHER';
}
