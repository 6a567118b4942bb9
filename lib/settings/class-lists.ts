import { describeLateness } from '../options/synchronous.js';
import { kindOf } from '../options/wrong-option.js';
import { describeBorrowedNameFault, describeNameFault } from '../process/names/names.js';
import { revivalFault } from '../values/class-facts.js';

type Listed = ((...args: never[]) => unknown) & { readonly prototype: object };
type Entry = Readonly<Record<string, unknown>>;

const parts = ['class', 'name', 'to', 'from'];
const example =
  "{ class: Decimal, name: 'Decimal', to: (value) => value.toString(), from: (text) => new Decimal(text) }";

/** Checks the value of `classes` or `remember`, and answers with what would be right where it is wrong. */
export function classList(what: string): (value: unknown) => string | undefined {
  return (value) => {
    if (!Array.isArray(value)) return `a list of ${what}`;
    const names = new Set<string>();
    const known = new Set<unknown>();
    for (const listed of value) {
      const isEntry = typeof listed === 'object' && listed !== null;
      const fault = isEntry ? entryFault(listed) : classFault(listed);
      if (fault !== undefined) return `a list of ${what}${fault}`;
      const { name, class: of } = isEntry ? listed : { name: listed.name, class: listed };
      if (names.has(name)) return `a list of ${what} with different names; two are named "${name}"`;
      if (known.has(of)) return `a list of ${what}, each once; that of "${name}" is in it twice`;
      names.add(name);
      known.add(of);
    }
    return undefined;
  };
}

function classFault(one: unknown): string | undefined {
  if (!isClass(one)) return `; ${kindOf(one)} is none`;
  const { name } = one;
  const nameFault = describeBorrowedNameFault(name);
  if (nameFault)
    return ` with telling names, since records bear them; "${name}" ${nameFault}: build with keepNames, or rename the class, or list it as { class, name }`;
  const fault = revivalFault(one);
  return fault && ` whose state is in plain fields; ${name} ${fault}: list it as ${example}`;
}

function entryFault(entry: Entry): string | undefined {
  const { class: one, name, to, from } = entry;
  const about = describeNameFault(name) === undefined ? `the entry "${name}"` : 'an entry';
  if (!isClass(one)) return `, or of entries such as ${example}; ${about} has no class`;
  if (about === 'an entry') return `, or of entries such as ${example}; one of ${kindOf(one)} has no name`;
  if (Object.keys(entry).some((part) => !parts.includes(part)))
    return `, or of entries of ${parts.join(', ')}; ${about} has something else`;
  if (to === undefined && from === undefined) {
    const fault = revivalFault(one);
    return fault && ` whose state is in plain fields; that of ${about} ${fault}: give it \`to\` and \`from\``;
  }
  const functions = { to, from };
  for (const [which, given] of Object.entries(functions)) {
    if (typeof given !== 'function')
      return `, or of entries such as ${example}; ${about} has no function \`${which}\``;
    // An outcome is recorded in the turn in which the method ends.
    if (describeLateness(given) !== undefined)
      return ` and entries whose functions are synchronous; \`${which}\` of ${about} is not`;
  }
  return undefined;
}

function isClass(one: unknown): one is Listed {
  return typeof one === 'function' && typeof one.prototype === 'object' && one.prototype !== null;
}
