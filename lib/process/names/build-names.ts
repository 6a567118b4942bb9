import { shared } from '../shared.js';
import { startTimer } from '../timers.js';
import { warnOnce } from '../warnings.js';
import { namesInAnotherFile } from './own-name.js';

// `own-name` declares a class and a function of the same names. If their names differ at run time, this is a minified bundle, or
// one that renames declarations of equal names. The next build may rename any class or function of the application in the same
// way. An ending such as $1, which Rollup adds, is ignored here: a name with such an ending is refused anyway.
class RetrysafeOwnName {}
function retrysafeOwnName(): void {}

type Kind = 'class' | 'function';
type Names = Readonly<Record<Kind, string>>;

const declared: Names = { class: 'RetrysafeOwnName', function: 'retrysafeOwnName' };
const atRunTime: readonly Names[] = [
  { class: RetrysafeOwnName.name, function: retrysafeOwnName.name },
  namesInAnotherFile,
];

/** Whether a minifier renamed classes, or functions. */
export function areMinified(kind: Kind): boolean {
  return atRunTime.some((names) => !names[kind].includes(declared[kind]));
}

/** Returns the operation's name if it has the name of a class or function in it, else `undefined`. */
type BorrowedName = () => string | undefined;

const noted = shared('borrowed-names', () => new Set<BorrowedName>());
const warned = shared('borrowed-names-told', () => new Set<string>());

/**
 * Warns of an operation that is named after its class or function if the build does not keep such names. The warning comes at
 * the end of the turn: by then each class has its options, and one warning names all operations of the turn.
 */
export function noteBorrowedName(kind: Kind, borrowed: BorrowedName): void {
  if (atRunTime.every((names) => names[kind].replace(/\$\d+$/, '') === declared[kind])) return;
  if (noted.size === 0) startTimer(0, warn, { isAwaited: true });
  noted.add(borrowed);
}

function warn(): void {
  const names = new Set<string>();
  for (const borrowed of noted) {
    const name = borrowed();
    if (name !== undefined && !warned.has(name)) names.add(name);
  }
  noted.clear();
  if (names.size === 0) return;
  for (const name of names) warned.add(name);
  const list = [...names].join(', ');
  warnOnce(
    `borrowed:${list}`,
    'RETRYSAFE_BUNDLED_NAMES',
    `This build may rename classes and functions, and these operations are named after one: ${list}. A renamed operation has other keys and runs again what it did before. Name each, as above if it has run before: @IdempotencyDefaults({ name: 'PaymentService' }) on the class, makeIdempotent(fn, { name: 'pay' }). Or build with keepNames; see docs/guide/bundlers.md`,
  );
}
