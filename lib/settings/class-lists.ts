import { isObject } from '../options/reading.js';
import { describeLateness } from '../options/synchronous.js';
import { kindOf } from '../options/wrong-option.js';
import { describeBorrowedNameFault, describeNameFault } from '../process/names/names.js';
import { revivalFault } from '../values/class-facts.js';

type ListedClass = ((...args: never[]) => unknown) & { readonly prototype: object };
const entryParts = ['class', 'name', 'to', 'from'];
type Entry = Readonly<Record<'class' | 'name' | 'to' | 'from', unknown>>;

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
      const isEntry = isObject(listed);
      const fault = isEntry ? entryFault(listed as Entry) : classFault(listed);
      if (fault !== undefined) return `a list of ${what}${fault}`;
      const { name, class: listedClass } = isEntry ? (listed as Entry) : { name: listed.name, class: listed };
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
  const about = hasName
    ? `the entry "${name}"`
    : isClass(listed)
      ? `the entry of ${kindOf(listed)}`
      : 'an entry';
  const missing = isClass(listed) ? (hasName ? functionMissing(entry) : 'name') : 'class';
  if (missing) return `, or of entries such as ${example}; ${about} has no ${missing}`;
  if (Object.keys(entry).some((part) => !entryParts.includes(part)))
    return `, or of entries of ${entryParts.join(', ')}; ${about} has another part`;
  const fault = to === undefined && from === undefined ? revivalFault(listed as ListedClass) : undefined;
  return fault && ` whose state is in plain fields; that of ${about} ${fault}: give it \`to\` and \`from\``;
}

function functionMissing({ to, from }: Entry): string | undefined {
  if (to === undefined && from === undefined) return undefined;
  // An outcome is recorded in the turn in which the method ends.
  const wrong = Object.entries({ to, from }).find(
    ([, convert]) => typeof convert !== 'function' || describeLateness(convert) !== undefined,
  );
  return wrong && `synchronous function \`${wrong[0]}\``;
}

function isClass(listed: unknown): listed is ListedClass {
  return typeof listed === 'function' && isObject(listed.prototype);
}
