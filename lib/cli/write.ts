import { shown } from './text.js';

/** What a write fails with whose reader has gone away, such as `head`: at first, and from then on. */
const GONE: readonly unknown[] = ['EPIPE', 'EOF', 'ERR_STREAM_DESTROYED'];

/**
 * Prints a text, and waits where its reader is slower. Resolves to whether there is a reader: without one, a command need not go on.
 *
 * @throws where it cannot be printed, as on a disk that is full.
 */
export function write(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (fault) => {
      if (!fault) resolve(true);
      else if (GONE.includes((fault as NodeJS.ErrnoException).code)) resolve(false);
      else reject(fault);
    });
  });
}

/** Prints a value as JSON, which is the same to a script and safe on a terminal: of keys, reasons and outcomes others decide. */
export function writeJson(value: unknown, indent?: number): Promise<boolean> {
  return write(`${shown(JSON.stringify(value, undefined, indent))}\n`);
}
