// Checks that the documents are true: TypeScript blocks compile and run, links hold, and what is named exists.
//
//   node scripts/check-documents.mjs [word …]      only documents whose path has one of the words
//
// ```ts                        a program of its own: it is compiled strictly and run by Node.js, and must exit with 0. One
//                              that imports a store finds a server of its own, by the environment; for DynamoDB with the
//                              empty tables `idempotency` and `refunds`, unless it creates tables itself. Without a server
//                              it is pending, and in CI a fault
// ```ts continues              goes on where the document's last program ended
// ```ts legacy                 is compiled with `experimentalDecorators`
// ```jsonc                     a tsconfig.json: the quick start runs with it, and with the option that it comments out
// <!-- file: samples/x.ts -->  before a block: the block is that file's text
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynoxide } from 'embedded-dynamodb';
import { openDatabase, openRedis, stopDatabases } from './document-servers.mjs';
import { tsc } from './tsc.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const workspace = join(root, '.build/documents');
const runLimitMs = 10_000;
const atOnce = 2;
// They name what there was once.
const histories = ['CHANGELOG.md', 'UPGRADING.md'];
const legacyOptions = { experimentalDecorators: true, emitDecoratorMetadata: true };

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

function listDocuments(words) {
  const under = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name));
  const samples = readdirSync(join(root, 'samples')).map((name) => `samples/${name}/README.md`);
  return [...readdirSync(root), ...under('docs'), ...samples]
    .filter((name) => name.endsWith('.md') && existsSync(join(root, name)))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
}

/** Splits a document into its fenced blocks and the text outside them, which keeps its line numbers. */
function read(document) {
  const blocks = [];
  const prose = [];
  let open;
  let file;
  for (const [index, text] of readFileSync(join(root, document), 'utf8').split('\n').entries()) {
    const fence = text.match(/^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*)$/);
    prose.push(open || fence ? '' : text);
    if (open && fence?.[1].startsWith(open.fence) && fence[2] === '') {
      blocks.push(open);
      open = undefined;
    } else if (open) {
      open.lines.push(text);
    } else if (fence) {
      const [, mark, language, rest] = fence;
      open = { document, line: index + 1, fence: mark, language, flags: rest.split(/\s+/), lines: [], file };
      file = undefined;
    } else if (text.trim() !== '') {
      file = text.match(/^<!--\s*file:\s*(\S+)\s*-->$/)?.[1];
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

/** Finds scripts of npm, in blocks and in the text, and files of the project that are named but not there. */
function checkNames({ document, blocks, prose }) {
  if (histories.includes(document)) return;
  const shell = blocks.filter(({ language }) => language === 'sh');
  const lines = [
    ...prose.map((text, index) => [index + 1, (text.match(/`[^`]+`/g) ?? []).join(' ')]),
    ...shell.flatMap((block) => block.lines.map((text, index) => [block.line + 1 + index, text])),
  ];
  for (const [line, text] of lines) {
    for (const [, name] of text.matchAll(/\bnpm run ([\w:-]+)/g)) {
      if (!(name in scripts)) fault(document, line, `package.json has no script ${name}`);
    }
    for (const [, path] of text.matchAll(
      /(?<![\w/.-])((?:lib|spec|samples|scripts|docs|bench)\/[\w./-]*\w\/?)(?![\w*…])/g,
    )) {
      counted('files named');
      if (!existsSync(join(root, path))) fault(document, line, `${path} does not exist`);
    }
  }
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
  const numbered = ([slug, last]) => Array.from({ length: last }, (_, index) => `${slug}-${index + 1}`);
  return new Set([...found].flatMap((one) => [one[0], ...numbered(one)]));
}

function checkLinks({ document, prose }) {
  for (const [index, text] of prose.entries()) {
    const plain = text.replace(/`[^`]*`/g, '');
    for (const [, target] of plain.matchAll(/(?:\]\(|^\[[^\]]+\]:\s*)([^)\s]+)/g)) {
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
function joinPrograms(blocks) {
  const found = [];
  for (const block of blocks) {
    counted('ts blocks');
    const continues = block.flags.includes('continues');
    if (continues && found.length === 0) fault(block.document, block.line, 'continues no earlier block');
    if (!continues || found.length === 0) {
      const { document, line } = block;
      const name = `${document.replace(/[/.]/g, '-')}-${line}`;
      found.push({ document, line, name, lines: [], isLegacy: block.flags.includes('legacy') });
    }
    const { lines } = found.at(-1);
    while (lines.length < block.line) lines.push('');
    lines.push(...block.lines);
  }
  return found;
}

/** Compiles the programs into a folder, and returns those that have an output, with it. */
function compile(folder, programs, config) {
  if (programs.length === 0) return [];
  mkdirSync(folder, { recursive: true });
  for (const { name, lines } of programs) writeFileSync(join(folder, `${name}.ts`), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'tsconfig.json'), config);
  const args = ['-p', folder, '--pretty', 'false', '--rootDir', folder, '--outDir', join(folder, 'out')];
  const { stdout } = spawnSync(process.execPath, [tsc, ...args], { encoding: 'utf8' });
  for (const text of stdout.trimEnd().split('\n').filter(Boolean)) {
    const [, name, line, message] = text.match(/([^/\s]+)\.ts\((\d+),\d+\): error (.*)$/) ?? [];
    const program = programs.find((one) => one.name === name);
    if (program) fault(program.document, line, message);
    else faults.push(text);
  }
  return programs
    .map((program) => ({ ...program, output: join(folder, 'out', `${program.name}.js`) }))
    .filter(({ output }) => existsSync(output));
}

function compilePrograms(kind, programs) {
  const unused = { noUnusedLocals: false, noUnusedParameters: false };
  const types = ['node', 'mocha', 'aws-lambda'];
  const options = { noEmit: false, types, ...unused, ...(kind === 'legacy' && legacyOptions) };
  const files = programs.map(({ name }) => `${name}.ts`);
  const config = { extends: '../../../tsconfig.json', compilerOptions: options, include: [], files };
  return compile(join(workspace, kind), programs, JSON.stringify(config));
}

/** Compiles the quick start with a tsconfig.json of a document, as it is and with what it comments out. */
function compileQuickStart({ document, line, lines }) {
  counted('tsconfig blocks');
  const quickStart = readFileSync(join(root, 'samples/quick-start.ts'), 'utf8').split('\n');
  const config = lines.join('\n');
  const changed = config.replace(/\/\/ ("\w+": )/, '$1');
  if (changed === config) fault(document, line, 'comments no option out');
  return [config, changed].flatMap((text, index) => {
    const program = { document, line, name: 'quick-start', lines: quickStart };
    return compile(join(workspace, `${document.replace(/[/.]/g, '-')}-${line}-${index}`), [program], text);
  });
}

/** Starts a DynamoDB engine, and resolves to it with what the AWS SDK reads to reach it. */
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
const servers = {
  "'retrysafe/dynamodb'": { name: 'DynamoDB engine', start: startEngine },
  "'retrysafe/postgres'": { name: 'PostgreSQL', start: () => openDatabase(workspace) },
  "'retrysafe/redis'": { name: 'redis-server', start: () => openRedis(workspace) },
  "'better-sqlite3'": { name: 'better-sqlite3 (`npm run install:sqlite`)', start: findSqlite },
};

async function run(program) {
  const text = program.lines.join('\n');
  const running = [];
  try {
    for (const [module, { name, start }] of Object.entries(servers)) {
      if (!text.includes(module)) continue;
      const server = await start(text);
      if (!server) return leavePending(program, name);
      running.push(server);
    }
    await runWith(program, Object.assign({}, ...running.map(({ env }) => env)));
  } finally {
    for (const { stop } of running) await stop?.();
  }
}

function leavePending({ document, line }, name) {
  if (process.env.CI) fault(document, line, `there is no ${name}, and nothing may be pending in CI`);
  counted(`programs PENDING, since there is no ${name} here`);
}

function runWith({ document, line, output }, more) {
  counted('programs run');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', output], {
      cwd: root,
      env: { ...process.env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runLimitMs,
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        printed += chunk;
      });
    }
    child.on('close', (code, signal) => {
      const end = signal ? `was still running after ${runLimitMs / 1000} s` : `ended with exit code ${code}`;
      if (code !== 0) fault(document, line, `${end}\n${printed.replace(/^/gm, '    ')}`);
      resolve();
    });
  });
}

const documents = listDocuments(process.argv.slice(2)).map(read);
const blocks = documents.flatMap((document) => document.blocks);
blocks.filter(({ file }) => file).forEach(checkFile);
documents.forEach(checkNames);
documents.forEach(checkLinks);

const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
rmSync(workspace, { recursive: true, force: true });
const programs = documents.flatMap((document) =>
  joinPrograms(document.blocks.filter(({ language }) => language === 'ts')),
);
const queue = [
  ...compilePrograms(
    'standard',
    programs.filter(({ isLegacy }) => !isLegacy),
  ),
  ...compilePrograms(
    'legacy',
    programs.filter(({ isLegacy }) => isLegacy),
  ),
  ...blocks.filter(({ language }) => language === 'jsonc').flatMap(compileQuickStart),
];
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
