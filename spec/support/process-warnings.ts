import sinon from 'sinon';

/** The process warnings that were emitted since, which then do not reach the terminal. */
export interface CaughtWarnings {
  /** The texts of the warnings with this `code`. */
  texts(code: string): string[];
  restore(): void;
}

/** Catches process warnings until `restore` is called. */
export function catchWarnings(): CaughtWarnings {
  const emitWarning = sinon.stub(process, 'emitWarning');
  return {
    texts: (code) =>
      emitWarning
        .getCalls()
        .filter(({ args }) => (args[1] as unknown as { code?: string } | undefined)?.code === code)
        .map(({ args }) => String(args[0])),
    restore: () => emitWarning.restore(),
  };
}

/** Lets the library emit a warning again that another spec of this process may have seen: each is emitted once. */
export function forgetWarning(subject: string): void {
  const values = (globalThis as Record<symbol, unknown>)[Symbol.for('retrysafe.shared.1')] as Map<
    string,
    unknown
  >;
  (values.get('warnings') as Set<string> | undefined)?.delete(subject);
}
