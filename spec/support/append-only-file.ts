import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** When a line was written, in epoch milliseconds. */
export interface Written {
  readonly at: number;
}

/** A file that many processes add lines to. None is lost when its writer is killed, and their order is that of writing. */
export class AppendOnlyFile<Unwritten extends object> {
  readonly #file: number;

  constructor(readonly path: string) {
    this.#file = openSync(path, 'a');
  }

  add(line: Unwritten): void {
    // One append, which is atomic beside other writers.
    writeSync(this.#file, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }

  read(): (Unwritten & Written)[] {
    return readLines(this.path);
  }
}

/** @throws {SyntaxError} naming the line that is none. */
export function readLines<Unwritten extends object>(path: string): (Unwritten & Written)[] {
  const texts = readFileSync(path, 'utf8').trimEnd().split('\n');
  return texts.map((text, index) => {
    try {
      return JSON.parse(text) as Unwritten & Written;
    } catch {
      throw new SyntaxError(`${path}: line ${index + 1} is no line of a ledger: ${text.slice(0, 80)}`);
    }
  });
}
