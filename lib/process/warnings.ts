import { shared } from './shared.js';

const given = shared('warnings', () => new Set<string>());

/** Emits a process warning, once for each `subject`. */
export function warnOnce(subject: string, code: `RETRYSAFE_${string}`, message: string): void {
  if (given.has(subject)) return;
  given.add(subject);
  process.emitWarning(message, { type: 'RetrysafeWarning', code });
}
