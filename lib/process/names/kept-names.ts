import { shared } from '../shared.js';
import { startTimer } from '../timers.js';
import { warnOnce } from '../warnings.js';
import { namesInAnotherFile } from './own-name.js';

// Another file of this library has a class and a function of these names, too. Where they are called otherwise at run time,
// this is a bundle that renames what meets another of its name, or a minified one. What it did here it may do, with the next
// build, to any class or function of the application. An ending such as $1, which Rollup gives, says nothing: that is refused
// wherever it is met.
class RetrysafeOwnName {}
function retrysafeOwnName(): void {}

type Kind = 'class' | 'function';
type Names = Readonly<Record<Kind, string>>;

const own: Names = { class: 'RetrysafeOwnName', function: 'retrysafeOwnName' };
const found: readonly Names[] = [
  { class: RetrysafeOwnName.name, function: retrysafeOwnName.name },
  namesInAnotherFile,
];

/** Whether a minifier gave classes, or functions, other names. */
export function areMinified(kind: Kind): boolean {
  return found.some((names) => !names[kind].includes(own[kind]));
}

/** Returns the operation's name if it is made of that of a class or function. */
type BorrowedName = () => string | undefined;

const noted = shared('borrowed-names', () => new Set<BorrowedName>());
const told = shared('borrowed-names-told', () => new Set<string>());

/**
 * Warns of an operation that is named after its class or function where the build does not keep such names. It waits for the
 * end of the turn: by then a class has its options, and all operations that were made in it are named by one warning.
 */
export function noteBorrowedName(kind: Kind, borrowed: BorrowedName): void {
  if (found.every((names) => names[kind].replace(/\$\d+$/, '') === own[kind])) return;
  if (noted.size === 0) startTimer(0, tell, { isAwaited: true });
  noted.add(borrowed);
}

function tell(): void {
  const names = new Set<string>();
  for (const borrowed of noted) {
    const name = borrowed();
    if (name !== undefined && !told.has(name)) names.add(name);
  }
  noted.clear();
  if (names.size === 0) return;
  for (const name of names) told.add(name);
  const list = [...names].join(', ');
  warnOnce(
    `borrowed:${list}`,
    'RETRYSAFE_BUNDLED_NAMES',
    `This build may rename classes and functions, and these operations are named after one: ${list}. A renamed operation has other keys, and what was done is done again. Give each a name, the one above where it has run before: @IdempotencyDefaults({ name: 'PaymentService' }) on the class, makeIdempotent(fn, { name: 'pay' }). Or build with keepNames; see docs/guide/bundlers.md`,
  );
}
