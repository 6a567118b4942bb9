import { allChecks } from './checks/all-checks.js';
import type { HttpConformanceOptions } from './conformance-options.js';
import type { HttpCheck } from './http-check.js';
import { HttpOptionError } from './http-option-error.js';

/**
 * The checks that the options choose.
 *
 * @throws {HttpOptionError} for an id that no check has, and where none is left.
 */
export function chosenChecks({ only, except = [] }: HttpConformanceOptions): readonly HttpCheck[] {
  const ids = allChecks.map(({ id }) => id);
  for (const [option, named] of Object.entries({ only: only ?? [], except })) {
    if (named.some((id) => !ids.includes(id)))
      throw new HttpOptionError(option, `ids of checks, which are ${ids.join(', ')}`);
  }
  const chosen = allChecks.filter(({ id }) => (only?.includes(id) ?? true) && !except.includes(id));
  if (chosen.length === 0)
    throw new HttpOptionError(only ? 'only' : 'except', 'at least one check to be left');
  return chosen;
}
