/** The exit codes of all commands. */
export const exitCodes = { found: 1, notRun: 2, passed: 0 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command of the command line. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Runs with the arguments that follow its name.
   *
   * @throws {UsageError} if they are wrong.
   */
  run(args: readonly string[]): Promise<ExitCode>;
}
