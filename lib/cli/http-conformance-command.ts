import { formatReport } from '../testing/http/format-report.js';
import { HttpConformanceError } from '../testing/http/http-conformance-error.js';
import { HttpOptionError } from '../testing/http/http-option-error.js';
import { type HttpConformanceReport, runHttpConformance } from '../testing/http/run-http-conformance.js';
import { type Command, type ExitCode, exitCodes } from './command.js';
import { argumentOf, conformanceArguments, conformanceOptions } from './http-conformance-arguments.js';
import { helpFor, readArguments } from './read-arguments.js';
import { UsageError } from './usage-error.js';

const options = {
  ...conformanceArguments,
  json: { help: 'Prints the report as JSON.' },
  strict: { help: 'Fails where a SHOULD fails, too.' },
  help: { help: 'Prints this.' },
};

const help = `Usage: retrysafe http-conformance <url> [options]

Tests an HTTP operation of any server against draft-ietf-httpapi-idempotency-key-header-07, and what clients rely on
beyond it. The operation is really carried out, dozens of times. Other URLs may be relative to <url>.

Options:
${helpFor(options)}

Example:
  retrysafe http-conformance http://127.0.0.1:3000/payments --authentication 'Authorization: Bearer test' \\
    --body @request.json --effects /payments/count

Exit codes: 0 where no MUST fails, 1 where one does, 2 where the server cannot be tested or an option is wrong.`;

/** `retrysafe http-conformance <url>` */
export const httpConformanceCommand: Command = {
  help,
  async run(args) {
    const given = readArguments(options, args);
    const [url, ...others] = given.positionals;
    if (url === undefined || others.length > 0)
      throw new UsageError(
        `expected one URL, got ${given.positionals.length}; give the URL of the operation`,
      );
    const report = await reportOf(url, conformanceOptions(given));
    const isStrict = given.values.strict !== undefined;
    process.stdout.write(
      given.values.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report, isStrict),
    );
    return codeOf(report, isStrict);
  },
};

async function reportOf(url: string, given: ReturnType<typeof conformanceOptions>) {
  try {
    return await runHttpConformance(url, given);
  } catch (error) {
    if (error instanceof HttpConformanceError) throw new UsageError(error.message);
    if (!(error instanceof HttpOptionError)) throw error;
    const subject = error.option === 'url' ? '<url>' : `--${argumentOf(error.option)}`;
    throw new UsageError(`${subject}: expected ${error.expected}`);
  }
}

function codeOf({ totals }: HttpConformanceReport, isStrict: boolean): ExitCode {
  const failures = totals.MUST.failed + (isStrict ? totals.SHOULD.failed : 0);
  return failures > 0 ? exitCodes.found : exitCodes.passed;
}

function textOf(report: HttpConformanceReport, isStrict: boolean): string {
  const { failed } = report.totals.SHOULD;
  const note =
    failed > 0 && !isStrict ? '\nOnly a MUST fails this command. With --strict, a SHOULD does, too.\n' : '';
  return `${formatReport(report)}\n${note}`;
}
