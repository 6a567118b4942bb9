import { parseArgs } from 'node:util';

const forms = { full: 40, small: 6 };

/** What the command is asked for, or a clear error and the end of the process. */
export function readOptions(args, sections) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        runs: { type: 'string', default: 'full' },
        only: { type: 'string' },
        'no-write': { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    wrong(`${error.message}. Expected --runs, --only and --no-write.`);
  }
  const rounds = forms[values.runs] ?? Number(values.runs);
  if (!(Number.isInteger(rounds) && rounds > 0))
    wrong(
      `--runs is how many rounds are measured: ${Object.keys(forms).join(', ')}, or a whole number, 1 or more.`,
    );
  const only = values.only?.split(',') ?? sections;
  const unknown = only.find((name) => !sections.includes(name));
  if (unknown !== undefined)
    wrong(`--only: there is no "${unknown}"; expected some of ${sections.join(',')}.`);
  return { rounds, isSmall: values.runs === 'small', only, writes: !values['no-write'] };
}

function wrong(message) {
  console.error(message);
  process.exit(2);
}
