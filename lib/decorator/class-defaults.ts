import { type ClassOptions, given } from '../options/options.js';
import { shared } from '../process/shared.js';
import { configuration } from '../settings/settings.js';
import { type Class, classesOf, homeOf, homesOf, metadataOf } from '../values/classes.js';

/** What `@IdempotencyDefaults` gave each class, by its home. */
const defaults = shared('class-defaults', () => new WeakMap<object, ClassOptions>());

/** The home and the metadata of each class that has options for its methods, or of which a subclass has. */
const families = shared('families-with-defaults', () => new WeakSet<object>());

/** Keeps the defaults that `@IdempotencyDefaults` gives a class, whose metadata standard decorators know. */
export function setDefaults(target: Class, options: ClassOptions, metadata?: object): void {
  const home = homeOf(target);
  defaults.set(home, { ...defaults.get(home), ...given(options) });
  // A name is not lost by a method that is handed on: it is the declaring class's, whoever calls.
  if (Object.keys(given({ ...options, name: undefined })).length === 0) return;
  if (metadata) families.add(metadata);
  for (const one of classesOf(target)) {
    for (const known of [homeOf(one), ...metadataOf(one)]) families.add(known);
  }
  // Settings that were resolved before are out of date.
  configuration.version += 1;
}

/** What `@IdempotencyDefaults` gave this class itself. */
export function ownDefaults(target: Class): ClassOptions {
  return defaults.get(homeOf(target)) ?? {};
}

/** The defaults that apply to calls on `self`, option by option those of its nearest class. */
export function defaultsFor(self: unknown): ClassOptions {
  const outermostFirst = homesOf(self).reverse();
  return Object.assign({}, ...outermostFirst.map((home) => defaults.get(home)));
}

/** Whether the class with this home or metadata has options for its methods, or a subclass of it. */
export function isOfFamilyWithDefaults(known: object): boolean {
  return families.has(known);
}
