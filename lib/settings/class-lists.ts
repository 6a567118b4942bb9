import { describeLateness } from '../options/synchronous.js';
import { kindOf } from '../options/wrong-option.js';
import { describeBorrowedNameFault, describeNameFault } from '../process/names/names.js';
import { revivalFault } from '../values/class-facts.js';

type ListedClass = ((...args: never[]) => unknown) & { readonly prototype: object };
type Entry = Readonly<Record<string, unknown>>;

const entryParts = ['class', 'name', 'to', 'from'];
const example =
  "{ class: Decimal, name: 'Decimal', to: (value) => value.toString(), from: (text) => new Decimal(text) }";

/**
 * Makes the check of `classes` or `remember`, of which `what` names the elements. It returns what is expected instead, or `undefined` if
 * the value is valid.
 */
export function classListCheck(what: string): (value: unknown) => string | undefined {
  return (value) => {
    if (!Array.isArray(value)) return `a list of ${what}`;
    const names = new Set<string>();
    const classes = new Set<unknown>();
    for (const listed of value) {
      const isEntry = typeof listed === 'object' && listed !== null;
      const fault = isEntry ? entryFault(listed) : classFault(listed);
      if (fault !== undefined) return `a list of ${what}${fault}`;
      const { name, class: listedClass } = isEntry ? listed : { name: listed.name, class: listed };
      if (names.has(name)) return `a list of ${what} with different names; two are named "${name}"`;
      if (classes.has(listedClass)) return `a list of ${what}, each once; that of "${name}" is in it twice`;
      names.add(name);
      classes.add(listedClass);
    }
    return undefined;
  };
}

function classFault(listed: unknown): string | undefined {
  if (!isClass(listed)) return `; ${kindOf(listed)} is not a class`;
  const { name } = listed;
  const nameFault = describeBorrowedNameFault(name);
  if (nameFault)
    return ` with telling names, since records have them; "${name}" ${nameFault}: build with keepNames, rename the class, or list it as { class, name }`;
  const fault = revivalFault(listed);
  return fault && ` whose state is in plain fields; ${name} ${fault}: list it as ${example}`;
}

function entryFault(entry: Entry): string | undefined {
  const { class: listed, name, to, from } = entry;
  const hasName = describeNameFault(name) === undefined;
  const about = hasName ? `the entry "${name}"` : 'an entry';
  if (!isClass(listed)) return `, or of entries such as ${example}; ${about} has no class`;
  if (!hasName) return `, or of entries such as ${example}; the entry of ${kindOf(listed)} has no name`;
  if (Object.keys(entry).some((part) => !entryParts.includes(part)))
    return `, or of entries of ${entryParts.join(', ')}; ${about} has another part`;
  if (to === undefined && from === undefined) {
    const fault = revivalFault(listed);
    return fault && ` whose state is in plain fields; that of ${about} ${fault}: give it \`to\` and \`from\``;
  }
  for (const [part, convert] of Object.entries({ to, from })) {
    if (typeof convert !== 'function')
      return `, or of entries such as ${example}; ${about} has no function \`${part}\``;
    // An outcome is recorded in the turn in which the method ends.
    if (describeLateness(convert) !== undefined)
      return ` and entries whose functions are synchronous; \`${part}\` of ${about} is not`;
  }
  return undefined;
}

function isClass(listed: unknown): listed is ListedClass {
  return typeof listed === 'function' && typeof listed.prototype === 'object' && listed.prototype !== null;
}
