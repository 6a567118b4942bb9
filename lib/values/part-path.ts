/** Returns a property's name as a step of a path. A name that is no identifier may be data, and is not shown. */
export function nameInPath(name: string): string {
  return /^[A-Za-z_$][\w$]{0,39}$/.test(name) ? `.${name}` : '.…';
}

/** Returns what a message calls an instance of the class with this name. */
export function instanceNamed(name: string): string {
  if (name === '') return 'an instance of a nameless class';
  return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** What a user can do about a class whose instances do not show their state. */
export const unlessListed = ', unless `classes` lists it as { class, name, to, from }';
