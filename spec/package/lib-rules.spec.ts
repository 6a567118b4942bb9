import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const lib = join(root, 'lib');
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** What Biome needs to know. */
const rules = ['biome.json', 'package.json', 'scripts/lib-rules.grit', 'scripts/machine-rules.grit'];

/** Each file breaks one rule: what is written where, and what Biome says of it. */
const broken: Record<string, readonly [code: string, fault: RegExp]> = {
  'http/core/stays.ts': [
    'export function keep(kept: { text?: () => string }, text: string) {\n  kept.text = () => text;\n}',
    /takes a function that is written where a property is set for one that stays/,
  ],
  'http/core/stays-too.ts': [
    'export function keep(kept: Record<string, unknown>, text: string) {\n  kept[text] = () => text;\n}',
    /takes a function that is written where a property is set for one that stays/,
  ],
  'http/core/stays-async.ts': [
    'export function keep(kept: { text?: () => unknown }, text: string) {\n  kept.text = async () => text;\n}',
    /takes a function that is written where a property is set for one that stays/,
  ],
  'http/core/stays-at-first.ts': [
    'export function keep(kept: { text?: () => string }, text: string) {\n  kept.text ??= () => text;\n}',
    /takes a function that is written where a property is set for one that stays/,
  ],
  'engine/long-function.ts': [
    `export function long() {\n${'  globalThis.name;\n'.repeat(71)}}`,
    /has too many lines \(71\)/,
  ],
  'record/cycle-a.ts': [
    "import type { B } from './cycle-b.js';\nexport type A = B | 1;",
    /This import is part of a cycle/,
  ],
  'record/cycle-b.ts': [
    "import type { A } from './cycle-a.js';\nexport type B = A | 2;",
    /This import is part of a cycle/,
  ],
  'errors.ts': ["export * from './record/record.js';", /lib\/errors\.ts imports nothing/],
  'events.ts': [
    "export * from './values/classes.js';",
    /lib\/events\.ts and lib\/traces\.ts import only what is below/,
  ],
  'record/upwards.ts': ["export * from '../options/options.js';", /lib\/record imports only what is below/],
  'options/upwards.ts': ["export * from '../process/shared.js';", /lib\/options imports only what is below/],
  'process/names/upwards.ts': ["export * from '../../events.js';", /lib\/process imports only what is below/],
  'values/upwards.ts': ["export * from '../request/a.js';", /lib\/values imports only what is below/],
  'request/events/upwards.ts': [
    "export * from '../../outcome/outcome.js';",
    /lib\/request imports only what is below/,
  ],
  'request/expression/jmespath.ts': [
    "export * from '../../jmespath/index.js';",
    /lib\/request imports only what is below/,
  ],
  'jmespath/upwards.ts': ["export * from '../key/identity.js';", /lib\/jmespath imports only what is below/],
  'opentelemetry/engine.ts': [
    "export * from '../engine/operation.js';",
    /lib\/opentelemetry imports what is published/,
  ],
  'encryption/upwards.ts': [
    "export * from '../outcome/outcome.js';",
    /lib\/encryption imports only what is below/,
  ],
  'outcome/upwards.ts': ["export * from '../key/identity.js';", /lib\/outcome imports only what is below/],
  'settings/upwards.ts': ["export * from '../key/identity.js';", /lib\/settings imports only what is below/],
  'settings/store.ts': [
    "export * from '../stores/redis/index.js';",
    /lib\/settings imports only what is below/,
  ],
  'key/upwards.ts': ["export * from '../engine/operation.js';", /lib\/key imports only what is below/],
  'engine/call/upwards.ts': [
    "export * from '../../decorator/idempotent.js';",
    /lib\/engine imports only what is below/,
  ],
  'engine/machine/driver.ts': ["export * from '../driver/driver.js';", /machine has no I\/O/],
  'engine/machine/execution.ts': ["export * from '../execution/execution.js';", /machine has no I\/O/],
  'engine/machine/store.ts': [
    "export * from '../../stores/in-memory/in-memory-store.js';",
    /machine has no I\/O/,
  ],
  'engine/machine/timers.ts': ["export * from '../../process/timers.js';", /machine has no I\/O/],
  'engine/machine/steady-clock.ts': ["export * from '../../process/steady-clock.js';", /machine has no I\/O/],
  'engine/machine/shared.ts': ["export * from '../../process/shared.js';", /machine has no I\/O/],
  'engine/machine/codec.ts': ["export * from '../../outcome/outcome.js';", /machine has no I\/O/],
  'engine/machine/node.ts': ["export { randomBytes } from 'node:crypto';", /machine has no I\/O/],
  'engine/machine/settings.ts': [
    "export * from '../../settings/settings.js';",
    /machine imports only types of the settings/,
  ],
  'engine/machine/promise.ts': ['export const one = () => Promise.resolve();', /machine has no promise/],
  'engine/machine/await.ts': [
    'export const one = async (two: unknown) => await two;',
    /machine has no promise/,
  ],
  'engine/machine/timer.ts': ['export const one = () => setTimeout(() => {}, 1);', /machine has no promise/],
  'engine/machine/clock.ts': ['export const one = () => Date.now();', /machine has no promise/],
  'engine/machine/next-tick.ts': ['export const { nextTick } = process;', /where a test fakes nextTick/],
  'engine/machine/chance.ts': ['export const one = () => Math.random();', /machine has no promise/],
  'decorator/upwards.ts': ["export * from '../index.js';", /lib\/decorator imports only what is below/],
  'stores/redis/other-store.ts': ["export * from '../postgres/index.js';", /A store imports only/],
  'stores/postgres/clients/engine.ts': [
    "export * from '../../../settings/settings.js';",
    /A store imports only/,
  ],
  'stores/in-memory/engine.ts': [
    "export * from '../../engine/operation.js';",
    /in-memory store imports only what is below/,
  ],
  'testing/index.ts': ["export * from '../index.js';", /lib\/testing imports neither/],
  'testing/contract/engine.ts': [
    "export * from '../../engine/operation.js';",
    /contract of stores imports only/,
  ],
  'testing/http/tool.ts': ["export * from '../abandon.js';", /kit of HTTP imports nothing else/],
  'testing/http/engine.ts': [
    "export * from '../../engine/operation.js';",
    /kit of HTTP imports nothing else/,
  ],
  'testing/http/checks/store.ts': [
    "export * from '../../../stores/redis/index.js';",
    /kit of HTTP imports nothing else/,
  ],
  'operator/page/store.ts': [
    "export * from '../../stores/redis/index.js';",
    /lib\/operator\/page imports the desk/,
  ],
  'operator/browser/server.ts': [
    "export * from '../page/rates.js';",
    /lib\/operator\/browser runs in a browser/,
  ],
  'cli/engine.ts': ["export * from '../engine/operation.js';", /lib\/cli imports the conformance kit/],
  'cli/testing.ts': ["export * from '../testing/index.js';", /lib\/cli imports the conformance kit/],
  'operator/adapter.ts': [
    "export * from '../http/index.js';",
    /lib\/operator imports the engine and what is below/,
  ],
  'decorator/operator.ts': ["export * from '../operator/desk.js';", /imports only what is below/],
  'outcome/encryption.ts': ["export * from '../encryption/key-ring.js';", /Nothing imports lib\/encryption/],
  'testing/command.ts': ["export * from '../cli/commands.js';", /Nothing imports lib\/cli/],
  'engine/undeclared.ts': ["export * from 'left-pad';", /left-pad isn't specified in package\.json/],
  'engine/development.ts': ["export * from 'chai';", /chai isn't specified in package\.json/],
  'engine/library.ts': ["export * from 'devalue';", /devalue isn't specified in package\.json/],
  'engine/peer.ts': [
    "export * from '@aws-sdk/client-dynamodb';",
    /@aws-sdk\/client-dynamodb isn't specified in package\.json/,
  ],
  'engine/metadata.ts': ["import 'reflect-metadata';", /reflect-metadata makes a global/],
  'engine/util.ts': ["export { inspect } from 'node:util';", /node:util takes milliseconds to load/],
  'engine/loaded-util.ts': [
    "export const late = () => import('util');",
    /node:util takes milliseconds to load/,
  ],
  'engine/timers.ts': ["export * from 'node:timers/promises';", /replace the global timers only/],
  'engine/next-tick.ts': ['export const { nextTick } = process;', /where a test fakes nextTick/],
};

describe('The rules of lib/', () => {
  it('name each of its folders in the rules of what may import what', () => {
    const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    const named: readonly string[] = overrides.flatMap((one: { includes: string[] }) => one.includes);
    const parts = readdirSync(lib, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `lib/${entry.name}/**` : `lib/${entry.name}`,
    );

    expect(named).to.include.members(parts.filter((part) => part !== 'lib/index.ts'));
  });

  it('give each file a name that says what is inside', () => {
    // A browser's part has a style sheet, and a project of its own for the compiler.
    const names = readdirSync(lib, { recursive: true, encoding: 'utf8' }).map((path) =>
      basename(path).replace(/\.(ts|css)$|^tsconfig\.json$/, ''),
    );

    expect(names.filter((name) => /(^|[-.])(utils?|helpers?|managers?)\b|^(common|base)\b/i.test(name))).to.be
      .empty;
    expect(names.filter((name) => name !== '' && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).to.be.empty;
  });

  it('are each reported where a file breaks it', function () {
    this.timeout(60_000);
    const copy = mkdtempSync(join(tmpdir(), 'retrysafe-rules-'));
    try {
      for (const path of rules) {
        cpSync(join(root, path), join(copy, path));
      }
      for (const [path, [code]] of Object.entries(broken)) {
        const file = join(copy, 'lib', path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, code);
      }
      const options = ['lint', '--reporter=github', '--max-diagnostics=none', 'lib'];
      const { stdout, stderr } = spawnSync(process.execPath, [biome, ...options], {
        cwd: copy,
        encoding: 'utf8',
      });
      const errors = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('::error'));
      const unreported = Object.entries(broken).filter(
        ([path, [, fault]]) => !errors.some((line) => line.includes(`/lib/${path},`) && fault.test(line)),
      );

      expect(
        unreported.map(([path]) => path),
        errors.join('\n'),
      ).to.be.empty;
      expect(errors).to.have.lengthOf(Object.keys(broken).length);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
