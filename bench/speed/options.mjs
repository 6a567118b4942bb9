import { parseArgs } from 'node:util';
import { VERSIONS } from './nodes.mjs';

const forms = { full: 8, small: 2 };

/** What the command is asked for, or a clear error and the end of the process. */
export function readOptions(args, sections) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        runs: { type: 'string', default: 'full' },
        only: { type: 'string' },
        nodes: { type: 'string' },
        'no-write': { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    wrong(`${error.message}. Expected --runs, --only, --nodes and --no-write.`);
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
  const isSmall = values.runs === 'small';
  return {
    rounds,
    isSmall,
    only,
    wantedNodes: values.nodes ?? (isSmall ? undefined : VERSIONS),
    writes: !values['no-write'],
  };
}

function wrong(message) {
  console.error(message);
  process.exit(2);
}
