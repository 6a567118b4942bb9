import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as retrysafe from 'retrysafe';
import { problemOf, type RequestFault, RequestRefusedError } from 'retrysafe/http';

const root = fileURLToPath(new URL('../../../', import.meta.url));

function page(name: string): string {
  return readFileSync(join(root, 'docs/reference', name), 'utf8');
}

function sourcesOfLib(): string {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'lib', file), 'utf8'))
    .join('\n');
}

/** Each fault for which a guard refuses a request. */
const faults = Object.keys({
  'key-missing': true,
  'key-malformed': true,
  'key-too-long': true,
  'key-repeated': true,
  unscoped: true,
  'body-too-large': true,
  'too-many-in-flight': true,
  'encoding-refused': true,
} satisfies Record<RequestFault, true>) as RequestFault[];

function refusal(fault: RequestFault): RequestRefusedError {
  return new RequestRefusedError('', { fault });
}

/** What a pattern finds in a text, each once and in order of the alphabet. */
function all(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, found = '']) => found))].sort();
}

/** What the library says when it is told something that does not exist. */
function words(ask: () => unknown): string {
  try {
    ask();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('the reference', () => {
  it('has a line for each option, and none that does not exist', () => {
    const message = words(() => retrysafe.makeIdempotent(async () => 1, { name: 'x', nothing: 1 } as object));
    const known = message.split('the options are ')[1]?.split(', ') ?? [];
    expect(known).to.include.members(['key', 'ttl']);
    const options = [...known, 'runtime'].sort();
    const [tables = ''] = page('options.md').split('## The environment');
    expect(all(tables, /^\| `(\w+)` \|/gm)).to.deep.equal(options);
  });

  it('has a heading for the code of each error', () => {
    const ofRoot = Object.values(retrysafe as Readonly<Record<string, unknown>>)
      .filter(
        (one): one is typeof retrysafe.KeyError => Object.getPrototypeOf(one) === retrysafe.IdempotencyError,
      )
      .map((one) => new one('', { retryAfter: 1 } as object));
    expect(ofRoot).to.have.length(11);
    const codes = [...ofRoot, refusal('key-missing')];
    expect(all(page('errors.md'), /^### (ERR_\w+)$/gm)).to.deep.equal(codes.map(({ code }) => code).sort());
    for (const { name, code, statusCode, advice } of codes) {
      const start = `\\| \`${name}\`.* \\|.*\`${code}\`.*\\| ${statusCode}[;,]?[^|]* \\| \`'${advice}'\``;
      expect(page('errors.md'), name).to.match(new RegExp(`^${start}`, 'm'));
    }
  });

  it('has a line for each problem, with its status and whether it has Retry-After', () => {
    const { KeyError, InProgressError, FingerprintError, OutcomeUnknownError } = retrysafe;
    const { OutcomeUnavailableError, ClaimLostError, StoreError, ConfigurationError, NotResolvedError } =
      retrysafe;
    const errors = [
      ...faults.map(refusal),
      new KeyError(''),
      new KeyError('', { option: 'fingerprint' }),
      new InProgressError('', { retryAfter: 1 }),
      new FingerprintError(''),
      new OutcomeUnknownError(''),
      new OutcomeUnknownError('', { advice: 'retry-later' }),
      new OutcomeUnavailableError(''),
      new OutcomeUnavailableError('', { isRefused: true }),
      new ClaimLostError(''),
      new StoreError(''),
      new NotResolvedError(''),
      new ConfigurationError(''),
    ];
    const lines = errors.map((error) => {
      const { status, headers, body } = problemOf(error, { types: 'x:' }) ?? expect.fail(error.name);
      return `\`${body.type.slice(2)}\` | ${status} | ${'retry-after' in headers ? 'yes' : 'no'}`;
    });
    const [, section = ''] = page('errors.md').split('## Problems');
    expect(all(section, /^\| (`[a-z-]+` \| \d+ \| (?:yes|no)) \|/gm)).to.deep.equal(
      [...new Set(lines)].sort(),
    );
    const [, refusals = ''] = page('errors.md').split('### ERR_IDEMPOTENCY_REQUEST');
    const rows = all(refusals.split('## ')[0] ?? '', /^\| (`[a-z-]+` \| \d+)/gm);
    expect(rows).to.deep.equal(faults.map((fault) => `\`${fault}\` | ${refusal(fault).statusCode}`).sort());
  });

  it('has a heading for each warning, with its cause and its remedy', () => {
    const codes = all(sourcesOfLib(), /'(RETRYSAFE_[A-Z_]+)'/g);
    expect(codes).to.include('RETRYSAFE_DEFAULT_STORE');
    const sections = /^### (RETRYSAFE_\w+)\n\n- Cause: .+\.\n- Remedy: .+\.$/gm;
    expect(all(page('errors.md'), sections)).to.deep.equal(codes);
  });

  it('has a line for each event', () => {
    const message = words(() => retrysafe.onIdempotencyEvent('nothing' as 'claimed', () => {}));
    const events = message.split('the events are ')[1]?.split(', ').sort();
    expect(events).to.include('claimed');
    const [, section = ''] = page('events.md').split('## The events');
    const [table = ''] = section.split('## ');
    expect(all(table, /^\| `([a-z-]+)` \|/gm)).to.deep.equal(events);
  });
});

describe('the decisions', () => {
  const folder = join(root, 'docs/decisions');
  const decisions = readdirSync(folder).filter((name) => name !== 'README.md');

  it('are each a page with a number, a date, context, decision and consequences', () => {
    expect(decisions).to.have.length.of.at.least(30);
    for (const name of decisions) {
      const number = Number(name.slice(0, 4));
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text, name).to.match(new RegExp(`^# ${number}\\. .+\n\nDecided on \\d{4}-\\d\\d-\\d\\d\\.`));
      expect(all(text, /^## (.+)$/gm), name).to.include.members(['Context', 'Decision', 'Consequences']);
    }
  });

  it('have a line each in the index, with the same title and date', () => {
    const index = readFileSync(join(folder, 'README.md'), 'utf8');
    const rows = [...index.matchAll(/^\| (\d+) \| \[(.+)\]\(([^)]+)\)(?: \(superseded\))? \| (\S+) \|$/gm)];
    expect(rows.map(([, , , file]) => file)).to.deep.equal(decisions.sort());
    for (const [, number, title, file = '', date] of rows) {
      const text = readFileSync(join(folder, file), 'utf8');
      expect(text).to.include(`# ${number}. ${title}\n\nDecided on ${date}.`);
    }
  });
});
