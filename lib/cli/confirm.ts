import { UsageError } from './usage-error.js';

/**
 * Asks the operator to type the number of records that a command is about to change.
 *
 * @throws {UsageError} where nobody can be asked.
 */
export async function confirmed(what: string, count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      `it would ${what}; give --yes to do so without a question, or --dry-run to see which`,
    );
  const { createInterface } = process.getBuiltinModule('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      lines.question(`This will ${what}. Type ${count} to go on: `, resolve);
    });
    return answer.trim() === String(count);
  } finally {
    lines.close();
  }
}
