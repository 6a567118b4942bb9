/** A property's name as a step of a path. A name that is no identifier may be data itself. */
export function nameInPath(name: string): string {
  return /^[A-Za-z_$][\w$]{0,39}$/.test(name) ? `.${name}` : '.…';
}

/** What a message calls an instance of a class, by the class's name. */
export function instanceNamed(name: string): string {
  if (name === '') return 'an instance of a nameless class';
  return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** What makes an instance tell itself apart that does not show what it is. */
export const unlessListed = ', unless `classes` lists it as { class, name, to, from }';
