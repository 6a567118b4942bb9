// Checks that the documents are true: TypeScript blocks compile and run, named scripts and paths exist, JSON parses,
// diagrams and links hold.
//
// ```ts                        a program of its own: compiled strictly and run by Node.js, which must exit with 0. One
//                              that needs DynamoDB finds an embedded engine of its own, with the empty tables
//                              `idempotency` and `refunds` unless it creates its tables itself; one that needs Redis
//                              or PostgreSQL finds an empty one of its own at `REDIS_URL` or `DATABASE_URL`. Where
//                              there is none it is pending, and in CI a fault
// ```ts continues              goes on where the document's last program ended
// ```ts compile-only           is not run
// ```ts legacy                 is compiled with `experimentalDecorators`
// <!-- file: samples/x.ts -->  before a block: the block is that file's text
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { openDatabase, openRedis, stopDatabases } from './document-servers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const workspace = join(root, '.build/documents');
const runLimit = 10_000;
const atOnce = 2;
const npmCommands = new Set(['ci', 'install', 'start', 'test', 'pack']);
const diagrams =
  /^(sequenceDiagram|stateDiagram-v2|flowchart (TB|TD|LR|RL|BT)|classDiagram|erDiagram|timeline|gantt)$/;

// The AWS SDK announces the end of Node.js 20 in every process.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const faults = [];
const counts = {};

function fault(document, line, message) {
  faults.push(`${document}:${line}: ${message}`);
}

function counted(what) {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** Splits a document into its fenced blocks and the text outside them, which keeps its line numbers. */
function read(document) {
  const blocks = [];
  const prose = [];
  let open;
  let file;
  for (const [index, text] of readFileSync(join(root, document), 'utf8').split('\n').entries()) {
    const line = index + 1;
    const fence = text.match(/^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*)$/);
    prose.push('');
    if (open) {
      if (fence?.[1].startsWith(open.fence) && fence[2] === '') {
        blocks.push(open);
        open = undefined;
      } else open.lines.push(text);
    } else if (fence) {
      open = {
        document,
        line,
        fence: fence[1],
        language: fence[2],
        flags: fence[3].split(/\s+/),
        lines: [],
        file,
      };
      file = undefined;
    } else {
      prose[index] = text;
      const named = text.match(/^<!--\s*file:\s*(\S+)\s*-->$/)?.[1];
      if (named || text.trim() !== '') file = named;
    }
  }
  if (open) fault(document, open.line, 'the block is never closed');
  return { document, blocks, prose };
}

function checkFile({ document, line, file, lines }) {
  counted('files shown');
  if (!existsSync(join(root, file))) return fault(document, line, `${file} does not exist`);
  const text = readFileSync(join(root, file), 'utf8').trimEnd();
  if (text !== lines.join('\n').trimEnd()) fault(document, line, `differs from ${file}`);
}

function checkShell({ document, line, lines }) {
  counted('sh blocks');
  for (const [index, text] of lines.entries()) {
    const at = line + 1 + index;
    const command = text.replace(/(^|\s)#.*$/, '').replace(/^\$ /, '');
    for (const [, run, name] of command.matchAll(/\bnpm\s+(run(?:-script)?\s+)?(\S+)/g)) {
      if (run ? !(name in scripts) : !npmCommands.has(name)) fault(document, at, `npm has no ${name} here`);
    }
    // What other programs are given need not be a path.
    if (!/^\s*(cd|ls|cat|cp|node|sh|bash|tsc)\b/.test(command)) continue;
    for (const word of command.split(/\s+/)) {
      const path = word.match(/^(?:\.\/)?([\w.-]+(?:\/[\w.-]+)+\/?)$/)?.[1];
      if (!path || /^(dist|\.build|node_modules)\//.test(path)) continue;
      if (!existsSync(join(root, path))) fault(document, at, `${path} does not exist`);
    }
  }
}

function checkJson({ document, line, lines }) {
  counted('json blocks');
  try {
    JSON.parse(lines.join('\n'));
  } catch (error) {
    fault(document, line, error.message);
  }
}

/** Finds what breaks a diagram most often; it is no parser. */
function checkDiagram({ document, line, lines }) {
  counted('diagrams');
  const first = lines.findIndex((text) => text.trim() !== '' && !text.trim().startsWith('%%'));
  const kind = lines[first]?.trim() ?? '';
  if (!diagrams.test(kind)) fault(document, line, `'${kind}' begins no diagram`);
  const opened = [];
  for (const [index, text] of lines.entries()) {
    const at = line + 1 + index;
    const statement = text.trim();
    if (index <= first || statement === '' || statement.startsWith('%%')) continue;
    if (
      /^(alt|opt|loop|par|critical|break|rect|box|subgraph)\b|^(note\b(?!.*:)|state\b.*\{$)/i.test(statement)
    ) {
      opened.push(at);
    } else if (/^(end|end note|\})$/.test(statement) && opened.pop() === undefined) {
      fault(document, at, 'closes nothing');
    }
    if (kind === 'sequenceDiagram' && /->|-->|-x|-\)/.test(statement) && !/^[^:]+:.+$/.test(statement)) {
      fault(document, at, 'a message needs a text after a colon');
    }
    if (kind === 'sequenceDiagram' && statement.includes(';'))
      fault(document, at, 'a semicolon ends the message');
    if (/^stateDiagram/.test(kind) && statement.includes('->') && !/^\S+ --> \S+( ?: .+)?$/.test(statement)) {
      fault(document, at, 'a transition reads `a --> b : text`');
    }
  }
  for (const at of opened) fault(document, at, 'is never closed');
}

/** Lists the anchors of a document as GitHub makes them. */
function anchors({ prose }) {
  const found = new Map();
  for (const text of prose) {
    const heading = text.match(/^#{1,6}\s+(.+?)\s*#*$/)?.[1];
    if (!heading) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    found.set(slug, (found.get(slug) ?? -1) + 1);
  }
  return new Set([...found].flatMap(([slug, last]) => [slug, ...numbered(slug, last)]));
}

function numbered(slug, last) {
  return Array.from({ length: last }, (_, index) => `${slug}-${index + 1}`);
}

function checkLinks({ document, prose }) {
  for (const [index, text] of prose.entries()) {
    const plain = text.replace(/`[^`]*`/g, '');
    const inline = [...plain.matchAll(/\]\(([^)\s]+)[^)]*\)/g)];
    const defined = [...plain.matchAll(/^\[[^\]]+\]:\s*(\S+)/g)];
    for (const [, target] of [...inline, ...defined]) {
      if (/^[a-z]+:/.test(target)) continue;
      counted('links');
      const [path, anchor] = target.split('#');
      const to = path === '' ? document : normalize(join(dirname(document), path));
      if (!existsSync(join(root, to))) fault(document, index + 1, `links to ${to}, which does not exist`);
      else if (anchor && to.endsWith('.md') && !anchors(read(to)).has(anchor)) {
        fault(document, index + 1, `links to ${to}#${anchor}, which is no heading there`);
      }
    }
  }
}

/** Joins the blocks that continue one another into programs, whose lines stand where the document has them. */
function programs(blocks) {
  const found = [];
  for (const block of blocks) {
    counted('ts blocks');
    const continued = block.flags.includes('continues') ? found.at(-1) : undefined;
    const program = continued ?? { document: block.document, line: block.line, lines: [], flags: new Set() };
    if (!continued) {
      if (block.flags.includes('continues')) fault(block.document, block.line, 'continues no earlier block');
      found.push(program);
    }
    while (program.lines.length < block.line) program.lines.push('');
    program.lines.push(...block.lines);
    for (const flag of block.flags) program.flags.add(flag);
  }
  return found;
}

function compile(mode, all) {
  if (all.length === 0) return;
  const folder = join(workspace, mode);
  mkdirSync(folder, { recursive: true });
  for (const program of all) {
    program.name = `${program.document.replace(/[/.]/g, '-')}-${program.line}`;
    program.output = join(folder, 'out', `${program.name}.js`);
    writeFileSync(join(folder, `${program.name}.ts`), `${program.lines.join('\n')}\n`);
  }
  const legacy = mode === 'legacy' ? { experimentalDecorators: true, emitDecoratorMetadata: true } : {};
  const unused = { noUnusedLocals: false, noUnusedParameters: false };
  const emit = { noEmit: false, rootDir: '.', outDir: 'out', types: ['node', 'mocha', 'aws-lambda'] };
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { ...emit, ...unused, ...legacy },
    include: [],
    files: all.map(({ name }) => `${name}.ts`),
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  for (const text of stdout.trimEnd().split('\n')) {
    const [, name, line, message] = text.match(/([^/\s]+)\.ts\((\d+),\d+\): error (.*)$/) ?? [];
    const program = all.find((one) => one.name === name);
    if (program) fault(program.document, line, message);
    else faults.push(text);
  }
}

/** Starts an engine for a program, and resolves to it with what the AWS SDK reads to reach it. */
async function startEngine(text) {
  const engine = await startDynoxide();
  if (!engine) return undefined;
  const { endpoint, region, credentials } = engine.connection;
  if (!text.includes('CreateTableCommand')) {
    const { tableDefinition } = await import('retrysafe/dynamodb');
    const client = new DynamoDBClient(engine.connection);
    for (const tableName of ['idempotency', 'refunds'])
      await client.send(new CreateTableCommand(tableDefinition({ tableName }).createTable));
    client.destroy();
  }
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  return { env, stop: engine.stop };
}

/** It has nothing to start, but need not be installed. */
function findSqlite() {
  return existsSync(join(root, 'node_modules/better-sqlite3')) ? {} : undefined;
}

/** What programs that import a store need, and what starts one of its own for each. */
const engines = {
  "'retrysafe/dynamodb'": { name: 'DynamoDB engine', start: startEngine },
  "'retrysafe/postgres'": { name: 'PostgreSQL', start: () => openDatabase(workspace) },
  "'retrysafe/redis'": { name: 'redis-server', start: () => openRedis(workspace) },
  "'better-sqlite3'": { name: 'better-sqlite3 (`npm run install:sqlite`)', start: findSqlite },
};

async function run(program) {
  const text = program.lines.join('\n');
  const running = [];
  try {
    for (const [module, { name, start }] of Object.entries(engines)) {
      if (!text.includes(module)) continue;
      const engine = await start(text);
      if (!engine) return pending(program, name);
      running.push(engine);
    }
    await runWith(program, Object.assign({}, ...running.map(({ env }) => env)));
  } finally {
    for (const { stop } of running) await stop?.();
  }
}

function pending({ document, line }, name) {
  if (process.env.CI) fault(document, line, `there is no ${name}, and nothing may be pending in CI`);
  counted(`programs PENDING, since there is no ${name} here`);
}

function runWith(program, more) {
  counted('programs run');
  return new Promise((resolve) => {
    const args = ['--enable-source-maps', program.output];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runLimit,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('close', (code, signal) => {
      const end = signal ? `was still running after ${runLimit / 1000} s` : `ended with exit code ${code}`;
      if (code !== 0) fault(program.document, program.line, `${end}\n${output.replace(/^/gm, '    ')}`);
      resolve();
    });
  });
}

const top = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['pre-fund', 'exactly-once', 'postgres-clients'].map((name) => `samples/${name}/README.md`),
];
const folder = existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true }) : [];
const documents = [...top, ...folder.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))]
  .filter((name) => existsSync(join(root, name)))
  .map(read);

const checks = { sh: checkShell, bash: checkShell, json: checkJson, mermaid: checkDiagram };
for (const { blocks } of documents) {
  for (const block of blocks) {
    if (block.file) checkFile(block);
    checks[block.language]?.(block);
  }
}
documents.forEach(checkLinks);

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
rmSync(workspace, { recursive: true, force: true });
const all = documents.flatMap(({ blocks }) => programs(blocks.filter(({ language }) => language === 'ts')));
compile(
  'standard',
  all.filter(({ flags }) => !flags.has('legacy')),
);
compile(
  'legacy',
  all.filter(({ flags }) => flags.has('legacy')),
);
const queue = all.filter(({ flags, output }) => !flags.has('compile-only') && existsSync(output));
async function work() {
  for (let program = queue.shift(); program; program = queue.shift()) await run(program);
}
await Promise.all(Array.from({ length: atOnce }, work));
await stopDatabases();

for (const text of faults) console.error(text);
const summary = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
console.log(
  `Documents: ${[`${documents.length} documents`, ...summary].join(', ')}; ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
