import { type ExitCode, exitCodes } from './command.js';
import { commands } from './commands.js';
import { shown } from './text.js';
import { UsageError } from './usage-error.js';

const asksFor = (argument: string | undefined, ...names: readonly string[]) =>
  argument !== undefined && names.includes(argument);

/** Runs the command that the arguments name, and resolves to the exit code. */
export async function runCommandLine([name, ...args]: readonly string[], version: string): Promise<ExitCode> {
  if (asksFor(name, '--version', '-v')) return print(version);
  if (name === undefined) return refuse(helpForAll());
  if (asksFor(name, '--help', '-h', 'help')) return print(helpForAll());
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry)
    return refuse(
      `retrysafe: there is no such command; the commands are ${Object.keys(commands).join(', ')}.\nRun 'retrysafe --help' for what they do.`,
    );
  const command = await entry.load();
  if (args.some((argument) => asksFor(argument, '--help', '-h'))) return print(command.help);
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof UsageError)
      return refuse(
        `retrysafe ${name}: ${shown(error.message)}\nRun 'retrysafe ${name} --help' for all options.`,
      );
    // What a store says has its advice in it. Where the fault lies in the code, its place matters.
    const { message, stack } = Object(error) as Partial<Error>;
    return refuse(
      `retrysafe ${name}: ${shown((process.env.DEBUG && stack && process.getBuiltinModule('node:util').inspect(error)) || message || String(error))}`,
    );
  }
}

function helpForAll(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(18)}  ${summary}`);
  return ['Usage: retrysafe <command> [options]', '', 'Commands:', ...lines, '', footer].join('\n');
}

const footer = `Run 'retrysafe <command> --help' for the options of a command, and 'retrysafe --version' for the version.`;

function print(text: string): ExitCode {
  process.stdout.write(`${text}\n`);
  return exitCodes.passed;
}

function refuse(text: string): ExitCode {
  process.stderr.write(`${text}\n`);
  return exitCodes.notRun;
}
