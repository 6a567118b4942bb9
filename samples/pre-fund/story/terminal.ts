import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** What a line of the story is about. */
export type Subject = keyof typeof styles;

const styles = {
  arrived: 'cyan',
  retrysafe: 'magenta',
  ran: 'yellow',
  answered: 'green',
  lost: 'red',
  killed: 'red',
  parked: 'red',
  recovery: 'yellow',
  table: 'gray',
  'on record': 'blue',
} as const satisfies Record<string, Style>;

const columns = 100;
const indent = 24;

// Only on a terminal; NO_COLOR and TERM=dumb are heard by Node.js itself.
const isColoured = process.stdout.isTTY === true && process.stdout.hasColors();
const startedAt = performance.now();

interface Line {
  readonly subject: Subject;
  readonly text: string;
  readonly style: Style;
  readonly at: number;
  times: number;
}

/** The lines of this moment: several calls may go on in one. */
let held: Line[] = [];

/** Prints a line of the story: when, what about, and the text. Equal lines of one moment become one. */
export function say(subject: Subject, text: string, style: Style = styles[subject]): void {
  const equal = held.find((line) => line.subject === subject && line.text === text);
  if (equal) {
    equal.times += 1;
    return;
  }
  if (held.length === 0) setImmediate(printHeld);
  held.push({ subject, text, style, at: performance.now() - startedAt, times: 1 });
}

/** Prints a text as it is. */
export function print(text = '', style?: Style): void {
  printHeld();
  console.log(style ? paint(style, text) : text);
}

/** Prints a row of the table: a title, then cells to the right. A cell that ends with `!` is not as it should be. */
export function row(title: string, cells: readonly string[], style?: Style): void {
  const padded = cells.map((cell) => {
    const text = cell.endsWith('!') ? cell : `${cell} `;
    return cell.endsWith('!') ? paint('red', text.padStart(10)) : text.padStart(10);
  });
  print(`${title.padEnd(columns - 10 * cells.length)}${padded.join('')}`.trimEnd(), style);
}

function printHeld(): void {
  const lines = held;
  held = [];
  for (const { subject, text, style, at, times } of lines) {
    const when = `${(at / 1_000).toFixed(2).padStart(8)} s`;
    const [first, ...rest] = wrapped(times > 1 ? `${text}  × ${times}` : text);
    console.log(`${paint('dim', when)}  ${paint(style, subject.padEnd(10))}  ${first}`);
    for (const more of rest) console.log(`${' '.repeat(indent)}${more}`);
  }
}

function wrapped(text: string): string[] {
  return text.match(new RegExp(`\\S.{0,${columns - indent - 1}}(?=\\s|$)`, 'g')) ?? [text];
}

function paint(style: Style, text: string): string {
  return isColoured ? styleText(style, text) : text;
}
