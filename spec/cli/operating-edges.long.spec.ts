import { expect } from 'chai';
import type { RecordView } from 'retrysafe';
import type { RecordDetails } from '#operator/desk.js';
import { pending } from '../support/pending.js';
import { linesOf, root, ServiceFolder } from './retrysafe-command.js';

/** A service whose store lives as long as a command. */
const service = `
import { configureIdempotency, InMemoryStore, makeIdempotent } from '${root}dist/esm/index.js';
import { abandon } from '${root}dist/esm/testing/index.js';
const store = new InMemoryStore();
configureIdempotency({ store, runtime: 'pride-1' });
const backwards = {
  encode: (value) => [...JSON.stringify(value)].reverse().join(''),
  decode: (text) => JSON.parse([...text].reverse().join('')),
};
export const hold = makeIdempotent(
  async ({ id }) => {
    if (id === 'T-2') throw Object.assign(new Error('no answer'), { code: 'EPIPE' });
    return { pan: id };
  },
  { name: 'holds.place', key: 'id', scope: 'bank', codec: backwards, onError: () => 'unknown' },
);
for (const id of ['T-1', 'T-2']) await hold({ id, bank: 'A' }).catch(() => {});
await abandon(hold, { id: 'T-3', bank: 'A' });
`;

const config = `${service}
export default { stores: { main: store, spare: new InMemoryStore() }, operations: [hold] };
`;

describe('the command line of an operator', () => {
  let folder: ServiceFolder;

  beforeEach(() => {
    folder = new ServiceFolder();
    folder.write('retrysafe.config.mjs', config);
  });
  afterEach(() => folder.remove());

  const run = (...args: string[]) => folder.run(args);
  const show = (...args: string[]) =>
    run('show', 'holds.place', '--select', '"T-1"', '--scope', '"A"', ...args);

  describe("with the service's configuration", () => {
    it('finds the store by its name', async () => {
      expect(linesOf<RecordView>((await run('ls', '--store', 'main', '--json')).stdout)).to.have.length(3);
      expect((await run('ls', '--store', 'spare')).code).to.equal(1);
      const unnamed = await run('ls');
      expect(unnamed.code).to.equal(2);
      expect(unnamed.stderr).to.include('--store: expected one of main, spare');
    });

    it('reads outcomes by the codec of their operation', async () => {
      const { stdout } = await show('--store', 'main', '--reveal');
      expect(stdout).to.include('"pan": "T-1"');
    });

    it('asks for the scope that the operation has', async () => {
      const { code, stderr } = await run('show', 'holds.place', '--select', '"T-1"', '--store', 'main');
      expect(code).to.equal(2);
      expect(stderr).to.include('--scope: holds.place has a scope, which is part of its keys');
    });

    it('says what is wrong with it', async () => {
      for (const [text, message] of [
        ['export default {}', 'it exports no stores'],
        ['export default { stores: { main: {} } }', 'stores.main is no store'],
        ['throw new Error("no database")', 'cannot be loaded: no database'],
        [
          `${config.replace('[hold]', 'hold')}`,
          'operations: expected a list of classes, instances and functions',
        ],
        [`${config.replace('[hold]', '[hold], close: 1')}`, 'close: expected a function'],
      ] as const) {
        folder.write('retrysafe.config.mjs', text);
        const { code, stderr } = await run('ls');
        expect(code).to.equal(2);
        expect(stderr).to.include(message);
      }
      expect((await run('ls', '--config', 'other.mjs')).stderr).to.include('there is no file other.mjs');
    });

    describe('closes what it has opened', () => {
      const closing = (close: string) => config.replace('[hold]', `[hold], close: () => { ${close} }`);
      const told = "process.stderr.write('closed\\n');";

      it('where a command fails, and where its store cannot be opened', async () => {
        folder.write('retrysafe.config.mjs', closing(told));
        for (const store of ['other', 'redis://localhost:1', 'sqlite:none.db']) {
          const { code, stderr } = await run('ls', '--store', store);
          expect(stderr, store)
            .to.match(/^closed$/m)
            .and.include('retrysafe ls: ');
          expect(code, store).to.equal(2);
        }
      });

      it('and what fails then hides neither what was found nor what was wrong', async () => {
        folder.write('retrysafe.config.mjs', closing("throw new Error('is closed already')"));
        const found = await run('ls', '--store', 'main');
        expect(found.code).to.equal(0);
        expect(found.stderr).to.include('closing failed: is closed already');
        const failed = await run('ls', '--store', 'other');
        expect(failed.code).to.equal(2);
        expect(failed.stderr).to.include('--store: expected one of main, spare');
      });
    });

    it('ends although something that it has opened keeps the process alive', async () => {
      folder.write('retrysafe.config.mjs', `setInterval(() => {}, 1000);\n${config}`);
      expect((await run('ls', '--store', 'main')).code).to.equal(0);
    });

    it('is read from TypeScript where something can load that, and says so where nothing can', async () => {
      folder.write('other.config.ts', 'const stores: object = {};\nexport default { stores };\n');
      const { stderr } = await run('ls', '--config', 'other.config.ts');
      const canLoad = (process.features as { typescript?: unknown }).typescript;
      expect(stderr).to.include(canLoad ? 'it exports no stores' : 'run `npm install --save-dev tsx`');
    });
  });

  describe('says of a mistake what to do instead, and does nothing', () => {
    const at = ['--store', 'main'];
    const expected: readonly (readonly [string, readonly string[], string])[] = [
      [
        'a key and a filter',
        ['forget', '--operation', 'holds.place', '--select', '"T-1"', '--yes'],
        '--select: expected one key or operation beside it, and no filter',
      ],
      [
        'force for many',
        ['forget', '--operation', 'holds.place', '--force', '--yes'],
        '--force: expected one key or operation beside it',
      ],
      ['no key', ['show', 'holds.place'], 'holds.place is no idempotency key'],
      [
        'arguments where a part of them is the key',
        ['show', 'holds.place', '--args', '["T-1"]'],
        '--args: holds.place has an option `key`',
      ],
      [
        'a part where all are the key',
        ['show', 'all', '--select', '"T-1"'],
        '--select: all has no option `key`',
      ],
      [
        'a scope where there is none',
        ['show', 'all', '--args', '["T-1"]', '--scope', '"A"'],
        '--scope: all has no option `scope`',
      ],
    ];
    beforeEach(() => {
      const other = "makeIdempotent(async () => 1, { name: 'all', store })";
      folder.write('retrysafe.config.mjs', config.replace('[hold]', `[hold, ${other}]`));
    });
    for (const [title, args, message] of expected)
      it(title, async () => {
        const { code, stderr } = await run(...args, ...at);
        expect(stderr).to.include(message);
        expect(code).to.equal(2);
      });

    it('an operation of another name', async () => {
      for (const args of [
        ['forget', '--operation', 'hold.place', '--yes'],
        ['show', 'hold.place', '--select', '"T-1"'],
      ]) {
        const { code, stderr } = await run(...args, ...at);
        expect(stderr).to.include(
          'and no operation hold.place in the configuration, which has all, holds.place.',
        );
        expect(code).to.equal(1);
      }
    });

    it('a parameter of the address that is almost one of the store', async () => {
      for (const address of ['postgres://localhost:1/x?tabel=t', 'redis://localhost:1?prefx=t']) {
        const { stderr } = await run('ls', '--store', address);
        expect(stderr).to.match(/there is no parameter "(tabel|prefx)"; they are (table|prefix)/);
      }
    });
  });

  it('counts what it can change, and says what is left alone', async () => {
    const filter = ['--operation', 'holds.place', '--store', 'main'];
    const { stderr, stdout } = await run('resolve', ...filter, '--run-again', '--reason', 'x', '--dry-run');
    expect(stderr).to.include(
      'Left alone, since there is nothing to change: 1 completed.\nNothing was changed. It would let 2 records run again.\n',
    );
    expect(stdout.trim().split('\n')).to.have.length(3);
  });

  it('counts a key once that is given twice', async () => {
    const { stdout } = await run('ls', '--store', 'main', '--status', 'unknown', '--json');
    const [{ key = '' } = {}] = linesOf<RecordView>(stdout);
    const ended = await run('resolve', key, key, '--run-again', '--reason', 'x', '--yes', '--store', 'main');
    expect(ended).to.include({ code: 0, stdout: '1 record may run again.\n' });
  });

  it('takes a key from a running call by force only', async () => {
    folder.write(
      'retrysafe.config.mjs',
      `${config}\nvoid makeIdempotent(() => new Promise(() => {}), { name: 'running' })();`,
    );
    const { stdout } = await run('ls', '--store', 'main', '--operation', 'running', '--json');
    const [{ key = '' } = {}] = linesOf<RecordView>(stdout);
    const refused = await run('resolve', key, '--run-again', '--reason', 'x', '--store', 'main');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('an equal call is running').and.include('`force`');
    const forced = await run('resolve', key, '--run-again', '--reason', 'x', '--force', '--store', 'main');
    expect(forced).to.include({ code: 0, stdout: '1 record may run again.\n' });
  });

  it('records no value of an operation that it does not know', async () => {
    folder.write('retrysafe.config.mjs', config.replace('operations: [hold]', 'operations: []'));
    const at = ['holds.place', '--select', '"T-2"', '--scope', '"A"', '--store', 'main'];
    const { code, stderr } = await run('resolve', ...at, '--value', '{}', '--reason', 'INC-7');
    expect(code).to.equal(1);
    expect(stderr).to.include('the options of holds.place are not known here');
  });

  it('shows what others wrote, and does what they say in nothing', async () => {
    const hostile = "'\\u001b]0;owned\\u0007\\u009b31m\\u202e\\r\\nrow'";
    folder.write(
      'retrysafe.config.mjs',
      `
      import { InMemoryStore, makeIdempotent, configureIdempotency } from '${root}dist/esm/index.js';
      const store = new InMemoryStore();
      configureIdempotency({ store, runtime: ${hostile}, describeError: () => ${hostile} });
      await makeIdempotent(async () => { throw new Error('x'); }, { name: 'op' })().catch(() => {});
      export default { stores: store };`,
    );
    const listed = await run('ls');
    expect(listed.stdout)
      .to.include('\\u001b]0;owned\\u0007\\u009b31m\\u202e\\u000d\\nrow')
      .and.not.match(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
    const { stdout } = await run('ls', '--json');
    expect(stdout).not.to.match(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
    const [view] = linesOf<RecordView>(stdout);
    expect(view?.by).to.include('\u009b31m');
    const shown = await run('show', view?.key ?? '');
    expect(shown.stdout).not.to.match(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
  });

  describe('where its reader has gone away', () => {
    const many = `
      import { configureIdempotency, InMemoryStore, makeIdempotent } from '${root}dist/esm/index.js';
      const store = new InMemoryStore();
      const note = makeIdempotent(async (id) => id, { name: 'notes.take', store });
      for (let id = 0; id < 3000; id += 1) await note(id);
      export default { stores: store, close: () => process.stderr.write('closed\\n') };`;

    for (const form of ['', '--json'])
      it(`ends without a fault, and closes what it has opened: ls --all ${form}`, async () => {
        folder.write('retrysafe.config.mjs', many);
        const { stdout, stderr } = await folder.execute('sh', [
          '-c',
          `{ ${process.execPath} ${root}dist/cli/main.js ls --all ${form}; echo "code $?" >&2; } | head -n 1`,
        ]);
        expect(stdout.trim().split('\n')).to.have.length(1);
        expect(stderr)
          .to.match(/closed\ncode 0\n$/)
          .and.not.include('EPIPE');
      });
  });

  it('changes a record once which a store lists twice, as a store may', async () => {
    folder.write(
      'retrysafe.config.mjs',
      `${service}
      const list = store.records.bind(store);
      store.records = async (query) => {
        const page = await list(query);
        return { ...page, records: [...page.records, ...page.records] };
      };
      export default { stores: store, operations: [hold] };`,
    );
    const { code, stdout } = await run('forget', '--status', 'stuck', '--yes', '--reason', 'INC-7');
    expect(stdout).to.equal('2 records forgotten.\n');
    expect(code).to.equal(0);
  });

  it('shows what a store says of a fault, and does what that says in nothing', async () => {
    folder.write(
      'retrysafe.config.mjs',
      `${service}
      store.find = async () => { throw new Error('\\u001b]0;owned\\u0007\\u202e'); };
      export default { stores: store };`,
    );
    const { stderr } = await run('show', 'op', '--select', '1');
    expect(stderr)
      .to.include('\\u001b]0;owned')
      .and.not.match(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('asks on a terminal for the number of records', async function () {
    if ((await folder.execute('script', ['--version'])).code !== 0)
      pending(this, 'there is no `script` for a terminal');
    const command = `${process.execPath} ${root}dist/cli/main.js forget --store main --status stuck --reason INC-7`;
    for (const [typed, code, said] of [
      ['2', 0, '2 records forgotten.'],
      ['yes', 1, 'Nothing was changed.'],
    ] as const) {
      const { code: ended, stdout } = await folder.execute('sh', [
        '-c',
        `(sleep 1; echo ${typed}) | script -qec '${command}' /dev/null`,
      ]);
      expect(stdout).to.include('This will forget 2 records. Type 2 to go on:').and.include(said);
      expect(ended).to.equal(code);
    }
  });

  describe('says what is missing', () => {
    it('where a driver is not installed', async () => {
      const bare = new ServiceFolder(false);
      for (const [address, line] of [
        ['postgres://localhost/x', 'npm install pg'],
        ['redis://localhost', 'npm install redis'],
        ['dynamodb:x', 'npm install @aws-sdk/client-dynamodb'],
      ] as const) {
        const { code, stderr } = await bare.run(['ls', '--store', address]);
        expect(code).to.equal(2);
        expect(stderr).to.include(line);
      }
      expect((await bare.run(['ls'])).stderr).to.include('no store is named; give --store postgres://');
      // It may be an address with a password in it.
      const { stderr } = await bare.run(['ls', '--store', 'postgress://ada:secret@localhost']);
      expect(stderr).to.include('--store: there is no configuration').and.not.include('secret');
      bare.remove();
    });

    it('where an argument is wrong', async () => {
      for (const [args, message] of [
        [['ls', 'key'], "for one key, run 'retrysafe show <key>'"],
        [['ls', '--limit', '0'], '--limit: expected a whole number, 1 or more'],
        [['ls', '--older', '1'], "--older: expected a duration with a unit: '90s'"],
        [['ls', '--store', 'sqlite:none.db'], 'there is no file none.db'],
        [
          ['ls', '--store', 'sqlite://none.db'],
          'expected the path behind sqlite:, as in sqlite:data/records.db',
        ],
        [['ls', '--store', 'sqlite:100%.db'], 'there is no file 100%.db'],
        [['ls', '--store', 'sqlite:none.db?tabel=x'], 'there is no parameter "tabel"; they are table'],
        [['ls', '--store', 'mysql://x'], '--store: expected one of main, spare'],
        [['show'], 'expected one key or operation, got 0'],
        [['show', 'T-1', '--store', 'main'], 'is no idempotency key'],
        [
          ['show', 'op', '--select', 'T-1', '--store', 'main'],
          '--select: expected JSON; a text stands in double quotes',
        ],
        [['show', 'op', '--select', '""', '--store', 'main'], 'op: `key` selects nothing'],
        [
          ['show', 'op', '--select', '1', '--args', '[1]', '--store', 'main'],
          'expected it or --args, and not both',
        ],
        [['resolve', 'op', '--reason', 'x'], 'expected one of --value, --run-again and --refuse'],
        [['resolve', 'op', '--refuse'], '--reason: expected why'],
        [['resolve', 'op', '--value', '{', '--reason', 'x'], '--value: expected JSON'],
        [['forget', '--store', 'main'], 'expected a key, or a filter such as --status unknown'],
        [
          ['forget', 'key', '--status', 'unknown', '--store', 'main'],
          'expected keys or a filter, and not both',
        ],
        [['schema', 'mysql'], 'expected one of postgres, sqlite, dynamodb'],
        [['schema', 'redis'], 'Redis needs no schema'],
        [['schema', 'sqlite', '--as', 'cdk'], '--as: it is of DynamoDB alone'],
        [['doctor', '--store', 'main'], 'is none of DynamoDB, PostgreSQL, Redis or SQLite'],
      ] as const) {
        const { code, stdout, stderr } = await run(...args);
        expect(stderr, args.join(' ')).to.include(message);
        expect({ code, stdout }, args.join(' ')).to.deep.equal({ code: 2, stdout: '' });
      }
    });
  });

  it('finds a key by what its call had, however long the number', async () => {
    const keyFor = async (json: string) =>
      (await run('show', 'op', '--args', json, '--store', 'main')).stderr.match(/op#[0-9a-f]{64}/)?.[0];
    expect(await keyFor('[9007199254740993]')).not.to.equal(await keyFor('[9007199254740992]'));
    expect(await keyFor('[{"a":1,"b":2}]')).to.equal(await keyFor('[{"b":2,"a":1.0}]'));
  });

  it('prints help for each command', async () => {
    const { stdout } = await run('--help');
    const names = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name as string);
    expect(names).to.include.members(['ls', 'show', 'resolve', 'forget', 'stats', 'doctor', 'schema']);
    for (const name of names) {
      const help = await run(name, '--help');
      expect(help).to.include({ code: 0, stderr: '' });
      expect(help.stdout)
        .to.match(new RegExp(`^Usage: retrysafe ${name} `))
        .and.match(/^Exit codes: /m);
    }
  });

  it('shows the life of a key as JSON', async () => {
    const { life } = JSON.parse((await show('--store', 'main', '--json')).stdout) as RecordDetails;
    expect(life[0]).to.include({ what: 'claimed', by: 'pride-1' });
  });
});
