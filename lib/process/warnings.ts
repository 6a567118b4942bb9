import { shared } from './shared.js';

const emitted = shared('warnings', () => new Set<string>());

/** Emits a process warning once for each `subject`. */
export function warnOnce(subject: string, code: `RETRYSAFE_${string}`, message: string): void {
  if (emitted.has(subject)) return;
  emitted.add(subject);
  process.emitWarning(message, { type: 'RetrysafeWarning', code });
}
