import { type ClassOptions, definedOptions } from '../options/options.js';
import { shared } from '../process/shared.js';
import { configuration } from '../settings/settings.js';
import { type Class, classesOf, homeOf, homesOf, metadataOf } from '../values/classes.js';

/** The options of `@IdempotencyDefaults` by the home of the class. */
const defaults = shared('class-defaults', () => new WeakMap<object, ClassOptions>());

/** The homes and the metadata of all classes that have options for their methods, and of their parents. */
const families = shared('families-with-defaults', () => new WeakSet<object>());

/** Sets the defaults of a class. Standard decorators pass its metadata. */
export function setDefaults(target: Class, options: ClassOptions, metadata?: object): void {
  const home = homeOf(target);
  defaults.set(home, { ...defaults.get(home), ...definedOptions(options) });
  // `name` is an option of the class and not of its instances. A method that is passed on without its instance still has it.
  if (Object.keys(definedOptions({ ...options, name: undefined })).length === 0) return;
  if (metadata) families.add(metadata);
  for (const ancestor of classesOf(target)) {
    for (const identity of [homeOf(ancestor), ...metadataOf(ancestor)]) families.add(identity);
  }
  // Makes all operations resolve their settings again.
  configuration.version += 1;
}

/** Returns the options that `@IdempotencyDefaults` set on this class itself. */
export function ownDefaults(target: Class): ClassOptions {
  return defaults.get(homeOf(target)) ?? {};
}

/** Returns the defaults for calls on `self`. Each option is that of the nearest class that has it. */
export function defaultsFor(self: unknown): ClassOptions {
  const outermostFirst = homesOf(self).reverse();
  return Object.assign({}, ...outermostFirst.map((home) => defaults.get(home)));
}

/** Whether a class, given by its home or metadata, or a subclass of it has options for its methods. */
export function isOfFamilyWithDefaults(homeOrMetadata: object): boolean {
  return families.has(homeOrMetadata);
}
