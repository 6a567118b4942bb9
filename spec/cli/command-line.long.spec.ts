import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { HttpConformanceReport } from 'retrysafe/testing';
import { httpConformanceCommand } from '#cli/http-conformance-command.js';
import { UsageError } from '#cli/usage-error.js';
import { rejection } from '../support/rejection.js';
import { credentials } from '../testing/http/credentials.js';
import { type Flaw, PaymentServer } from '../testing/http/payment-server.js';
import { withServer } from '../testing/http/served.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { bin, version }: { bin: { retrysafe: string }; version: string } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command that was built. */
function retrysafe(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, bin.retrysafe), ...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** The files, and those that they import before anything is asked for. */
function withItsImports(folder: string, files: readonly string[], found = new Set<string>()): Set<string> {
  for (const file of files.filter((one) => !found.has(one))) {
    found.add(file);
    const text = readFileSync(join(folder, file), 'utf8');
    const imports = [...text.matchAll(/^(?:import|\} from) ?"\.\/([^"]+)"/gm)].map(([, path = '']) => path);
    withItsImports(folder, imports, found);
  }
  return found;
}

const only = ['--only', 'key-missing,key-empty'];
const authentication = ['--authentication', 'Authorization: Bearer one'];

describe('retrysafe on the command line', () => {
  it('is a file that a shell runs', () => {
    const file = join(root, bin.retrysafe);
    expect(readFileSync(file, 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o111).to.not.equal(0);
  });

  it('loads no more than a command needs: the conformance kit without the engine and the stores', () => {
    const folder = join(root, bin.retrysafe, '..');
    const kit = readdirSync(folder).find((name) => /^http-conformance-command-\w+\.js$/.test(name)) as string;
    for (const name of withItsImports(folder, [basename(bin.retrysafe), kit])) {
      const { sources }: { sources: readonly string[] } = JSON.parse(
        readFileSync(join(folder, `${name}.map`), 'utf8'),
      );
      for (const source of sources) expect(source).to.match(/^\.\.\/\.\.\/lib\/(cli|testing\/http)\//);
    }
  });

  it('prints its version, its commands and their options', async () => {
    expect(await retrysafe('--version')).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await retrysafe('--help');
    expect(help).to.deep.include({ code: 0, stderr: '' });
    expect(help.stdout).to.match(/^ {2}http-conformance +Tests an HTTP server/m);
    const ofCommand = await retrysafe('http-conformance', '--help');
    expect(ofCommand.stdout).to.match(/^Usage: retrysafe http-conformance <url> \[options\]\n/);
    expect(ofCommand.stdout).to.match(/^ {2}--effects <url> +Where a GET tells/m);
  });

  it('refuses a command that there is not, and none at all, with the commands that there are', async () => {
    expect(await retrysafe()).to.deep.include({ code: 2, stdout: '' });
    const { code, stderr } = await retrysafe('http-conformence');
    expect(code).to.equal(2);
    expect(stderr).to.match(
      /no such command; the commands are ls, show, resolve, .*http-conformance\.\nRun 'retrysafe --help'/,
    );
    expect((await retrysafe('constructor')).code).to.equal(2);
  });
});

describe('retrysafe http-conformance', () => {
  async function against(flaw: Flaw | undefined, ...args: readonly string[]): Promise<Ended> {
    const server = await PaymentServer.start(flaw);
    try {
      return await retrysafe('http-conformance', server.url, ...authentication, ...args);
    } finally {
      await server.stop();
    }
  }

  it('prints a table and ends with 0 where all is well', async () => {
    const args = [
      '--other-identity',
      'Authorization: Bearer two',
      '--effects',
      '/effects',
      '--slow-url',
      '/payments/slow',
    ];
    const { code, stdout, stderr } = await against(
      undefined,
      ...[
        ...args,
        '--other-url',
        '/refunds',
        '--binary-url',
        '/files',
        '--error-body',
        '{"amount":-1}',
        '--strict',
      ],
    );
    expect(stderr).to.equal('');
    expect(stdout).to.match(/^scope +custom +draft-07 §5 +passed$/m);
    expect(stdout).to.match(
      /MUST {4}\d+ passed, 0 failed, 0 skipped\nSHOULD {2}\d+ passed, 0 failed, 0 skipped\n/,
    );
    expect(stdout).to.match(/^custom {2}\d+ passed, 0 failed, 0 skipped$/m);
    expect(code).to.equal(0);
  });

  it('ends with 1 where a MUST fails, and where a SHOULD fails with --strict', async () => {
    expect((await against('takes an empty field for a key', ...only)).code).to.equal(1);
    const should = await against('runs a request without a key', ...only);
    expect(should.code).to.equal(0);
    expect(should.stdout).to.match(/Only a MUST fails this command\. With --strict, a SHOULD does, too\.\n$/);
    const strict = await against('runs a request without a key', ...only, '--strict');
    expect(strict.code).to.equal(1);
    expect(strict.stdout).not.to.include('--strict');
    expect(
      (
        await against(
          'shares keys among users',
          '--only',
          'scope',
          '--other-identity',
          'Authorization: Bearer two',
          '--strict',
        )
      ).code,
    ).to.equal(0);
  });

  it('prints the report as JSON, and nothing else, with --json', async () => {
    const { stdout, code } = await against('takes an empty field for a key', ...only, '--json');
    const report: HttpConformanceReport = JSON.parse(stdout);
    expect(report.results.map(({ id, outcome }) => [id, outcome])).to.deep.equal([
      ['key-missing', 'passed'],
      ['key-empty', 'failed'],
    ]);
    expect(code).to.equal(1);
  });

  it('sends what it is told to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'retrysafe-cli-'));
    try {
      writeFileSync(join(folder, 'body.json'), '{ "amount": 7 }\n');
      writeFileSync(join(folder, 'bytes'), Buffer.of(0, 255));
      const sent = (...args: readonly string[]) =>
        withServer(
          (_, response) => response.writeHead(201).end(),
          async (url, received) => {
            const ended = await retrysafe('http-conformance', url, '--only', 'key-bare', ...args);
            return { ended, request: received.at(-1) };
          },
        );
      const text = await sent(
        '--method',
        'PUT',
        '--header',
        'X-A: 1',
        '--header',
        'x-a: b: c',
        '--body',
        `@${join(folder, 'body.json')}`,
      );
      expect(text.request).to.deep.include({ method: 'PUT', path: '/payments' });
      expect(text.request?.lines.filter(([name]) => name === 'X-A')).to.deep.equal([
        ['X-A', '1'],
        ['X-A', 'b: c'],
      ]);
      expect(text.request?.headers['content-type']).to.equal('application/json');
      expect(text.request?.body.toString()).to.equal('{ "amount": 7 }\n');
      const bytes = await sent('--body', `@${join(folder, 'bytes')}`, '--key-header', 'X-Key');
      expect(bytes.request?.headers['content-type']).to.equal('application/octet-stream');
      expect(bytes.request?.body).to.deep.equal(Buffer.of(0, 255));
      expect(bytes.request?.headers).to.include.keys('x-key');
      const given = await sent(
        '--body',
        'a=1',
        '--header',
        'Content-Type: application/x-www-form-urlencoded',
      );
      expect(given.request?.body.toString()).to.equal('a=1');
      expect(given.request?.headers['content-type']).to.equal('application/x-www-form-urlencoded');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('trusts the certificates of a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'retrysafe-cli-'));
    const server = await PaymentServer.start(undefined, { credentials });
    try {
      writeFileSync(join(folder, 'ca.pem'), credentials.cert);
      const args = [server.url, ...authentication, ...only];
      expect((await retrysafe('http-conformance', ...args, '--ca', join(folder, 'ca.pem'))).code).to.equal(0);
      expect((await retrysafe('http-conformance', ...args)).code).to.equal(2);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });

  const url = 'http://127.0.0.1:1/payments';
  const wrong: readonly (readonly [what: string, args: readonly string[], said: RegExp])[] = [
    ['no URL', [], /expected one URL, got 0; give the URL of the operation/],
    ['two URLs', [url, url], /expected one URL, got 2/],
    ['a URL that is none', ['payments'], /<url>: expected an absolute URL of http or https/],
    ['an option that there is not', [url, '--bodi', '{}'], /Unknown option '--bodi'$/],
    ['an option without its value', [url, '--body'], /'--body <value>' argument missing/],
    ['an option twice', [url, '--body', '1', '--body', '2'], /--body was given 2 times; give it once/],
    ['a file that is missing', [url, '--body', '@none.json'], /--body: the file cannot be read \(ENOENT\)/],
    ['a header that is none', [url, '--header', 'Authorization'], /--header: expected 'Name: value'/],
    ['a number that is none', [url, '--timeout', 'soon'], /--timeout: expected seconds, up to 86400/],
    [
      'an option of another name',
      [url, '--header', 'Idempotency-Key: x'],
      /--header: expected no Idempotency-Key/,
    ],
    [
      'a check that there is not',
      [url, '--only', 'scopes'],
      /--only: expected ids of checks, which are key-missing, /,
    ],
    ['a server that is not there', [url], /ECONNREFUSED\. Start the server, or give another URL\./],
  ];

  for (const [what, args, said] of wrong) {
    it(`refuses ${what}, and says what is right`, async () => {
      const error = await rejection(httpConformanceCommand.run(args));
      expect(error).to.be.instanceOf(UsageError);
      expect((error as Error).message).to.match(said);
    });
  }

  it('ends with 2 where it refuses, and says where the options are', async () => {
    const { code, stdout, stderr } = await retrysafe('http-conformance', url, '--timeout', 'soon');
    expect(stderr).to.equal(
      "retrysafe http-conformance: --timeout: expected seconds, up to 86400\nRun 'retrysafe http-conformance --help' for all options.\n",
    );
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
  });
});
