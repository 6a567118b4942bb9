import { shared } from './shared.js';
import { warnOnce } from './warnings.js';

/** The source text of the method behind each operation name. */
const sources = shared('operation-sources', () => new Map<string, string>());

/** Whether a class or function name is one that a minifier gave: it would differ from build to build. */
export function looksMinified(name: string): boolean {
  return name.length <= 2 || /^_?class(?:_?\d+)?$/.test(name);
}

/** Answers with what would be right where `name` cannot name an operation. */
export function describeNameFault(name: unknown): string | undefined {
  const isName = typeof name === 'string' && name.length > 0 && name.length <= 200 && name.trim() === name;
  return isName ? undefined : 'a text of 1 to 200 characters without surrounding space';
}

/** Warns once where two different methods bear one operation name: equal payloads would share a key. */
export function registerName(name: string, method: (...args: never[]) => unknown): void {
  const source = Function.prototype.toString.call(method);
  const known = sources.get(name);
  sources.set(name, known ?? source);
  // Compared by source, since module resets (test runners, hot reload) define one method anew again and again.
  if (known === undefined || known === source) return;
  warnOnce(
    `name:${name}`,
    'RETRYSAFE_DUPLICATE_NAME',
    `Two different operations are named "${name}": equal payloads would share an outcome. Give one of them another \`name\`.`,
  );
}
