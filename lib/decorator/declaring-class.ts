import { ConfigurationError } from '../errors.js';
import type { IdempotentOptions } from '../options/options.js';
import { ownValue, parentOf, sourceOf } from '../options/reading.js';
import { configuration } from '../settings/settings.js';
import { type Class, classesOf, homeOf, lineageOf, metadataOf } from '../values/classes.js';
import { isOfFamilyWithDefaults } from './class-defaults.js';

/** What a decorator knows about the method that it decorates. */
export interface DeclaredMethod {
  readonly methodName: string | symbol;
  readonly isStatic: boolean;
  readonly options: IdempotentOptions;
  /** Identifies the class in standard decorators, if the compiler makes it. */
  readonly metadata?: object | undefined;
  /** Known to legacy decorators only: the class, and its prototype (the class itself for a static method). */
  readonly owner?: Class;
  readonly home?: object;
}

/**
 * The class that declares a method. It tells whether a call has an instance of that class as its `this`. Standard decorators
 * find out the class when its first instance is created or, for a static method, when the class is defined.
 */
export function declaringClass({ methodName, isStatic, options, metadata, owner, home }: DeclaredMethod) {
  let known = owner;
  const homes = new Set<object>(home && [home]);
  const declaring = {
    /** Returns the class if it is known by now, or if it is a class of `self`. */
    of(self: unknown): Class | undefined {
      if (known || !metadata) return known;
      known = classesOf(self).find((one) => metadataOf(one).includes(metadata));
      if (known) homes.add(homeOf(known));
      return known;
    },

    /**
     * Finds out the class from an instance or, for a static method, from the class while it is being defined.
     * Returns whether the class is known and completely defined.
     */
    learn(self: object, wrapper: unknown): boolean {
      if (declaring.of(self)) return true;
      known = isStatic
        ? (self as Class)
        : classesOf(self).find((one) => ownValue(homeOf(one), methodName) === wrapper);
      // Other decorators may have replaced both the method and the class. Then the instance's prototype identifies the class.
      homes.add(known ? homeOf(known) : (parentOf(self) as object));
      return known !== undefined && !isStatic;
    },

    /**
     * Refuses a call without an instance (without the class, if the method is static) if options depend on the instance.
     *
     * @throws {ConfigurationError}
     */
    requireInstance(self: unknown, where: () => string): void {
      declaring.of(self);
      const isInstance = lineageOf(self).some((one) =>
        isStatic ? typeof one === 'function' && homes.has(homeOf(one as unknown as Class)) : homes.has(one),
      );
      if (isInstance || !needsInstance([...homes, metadata], options)) return;
      const name = String(typeof methodName === 'symbol' ? methodName.description : methodName);
      const caller = isStatic ? (known?.name ?? 'Service') : name.startsWith('#') ? 'this' : 'service';
      const method = typeof methodName === 'symbol' ? `${caller}[${name}]` : `${caller}.${name}`;
      const argument = typeof methodName === 'symbol' ? name : `'${name}'`;
      throw new ConfigurationError(
        `${where()}: it was called without its ${isStatic ? 'class' : 'instance'}, so the options that depend on it are missing. Pass the method on as (request) => ${method}(request) or as ${method}.bind(${caller}); recordOf and keyOf take (${caller}, ${argument}, request)`,
      );
    },
  };
  return declaring;
}

function needsInstance(identities: readonly (object | undefined)[], options: IdempotentOptions): boolean {
  const isOfFamily = identities.some((one) => one && isOfFamilyWithDefaults(one));
  return isOfFamily || usesInstance(options) || usesInstance(configuration.options);
}

/** Whether a function among these options uses the instance, as far as its source code shows. */
function usesInstance({ store, ...options }: IdempotentOptions): boolean {
  // `store` gets the instance as an argument. The other functions get it as `this`.
  const storeUsesInstance =
    typeof store === 'function' &&
    (store.length > 0 || /\bthis\b|\barguments\b|\.\.\./.test(sourceOf(store)));
  return (
    storeUsesInstance ||
    Object.values(options).some((value) => typeof value === 'function' && /\bthis\b/.test(sourceOf(value)))
  );
}
