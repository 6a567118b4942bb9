import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** One fault a line, and how the first line of what the compiler says of it reads. */
const faults: readonly (readonly [code: string, says: RegExp])[] = [
  ["recordOf(desk, 'place', { id: 'a' });", /Property 'amount' is missing in type '{ id: string; }'/],
  ["recordOf(desk, 'place');", /Expected 3 arguments, but got 2/],
  [
    'recordOf(desk);',
    /After the service comes the name of a method, as in recordOf\(service, 'placeHold', request\)/,
  ],
  [
    'recordOf(place);',
    /After the function come the arguments of the call, as in recordOf\(placeHold, request\)/,
  ],
  ["keyOf(place, { id: 'a' });", /'{ id: string; }' is not assignable to .*Order/],
  ["recordOf(desk, 'plaice', order);", /'"plaice"' is not assignable to .*"place"/],
  ["recordOf(desk, 'sync', order);", /'"sync"' is not assignable to .*"place"/],
  [
    'makeIdempotent(place, { key: async (one: Order) => one.id });',
    /Promise<string>' is not assignable to .*SynchronousFunction/,
  ],
  ["makeIdempotent(place, { key: 'orderId' });", /The first parameter has no property at orderId/],
  [
    "export class Desks { @Idempotent({ key: 'orderId' }) async place(one: Order) { return one.id; } }",
    /The first parameter has no property at orderId/,
  ],
  [
    'export class Keys { @Idempotent({ key: async (one) => one.id }) async place(one: Order) { return one.id; } }',
    /Promise<string>' is not assignable to .*SynchronousFunction/,
  ],
];

for (const mode of ['standard', 'legacy'] as const) {
  describe(`what the compiler says of a slip of the pen, with ${mode} decorators`, function () {
    this.timeout(60_000);
    const folder = join(root, '.build', `messages-${mode}`);
    const lines = new Map<number, string>();

    before(() => {
      mkdirSync(folder, { recursive: true });
      const head = [
        "import { Idempotent, keyOf, makeIdempotent, recordOf } from 'retrysafe'; export { Idempotent, keyOf };",
        'interface Order { id: string; amount: number } declare const order: Order; declare const desk: Desk;',
        'declare class Desk { place(order: Order): Promise<string>; cancel(order: Order): Promise<void>; sync(order: Order): string }',
        'declare const place: (order: Order) => Promise<string>;',
      ];
      writeFileSync(join(folder, 'slips.ts'), [...head, ...faults.map(([code]) => code)].join('\n'));
      const flags = mode === 'legacy' ? { experimentalDecorators: true } : {};
      const compilerOptions = { noEmit: true, rootDir: '.', types: ['node'], ...flags };
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.'] }),
      );
      const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
        encoding: 'utf8',
        cwd: folder,
      });
      for (const [, line, message] of stdout.matchAll(/slips\.ts\((\d+),\d+\): error TS\d+: (.*)/g)) {
        const at = Number(line) - head.length - 1;
        lines.set(at, lines.get(at) ?? (message as string));
      }
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    for (const [index, [code, says]] of faults.entries()) {
      it(`names the fault of ${code}`, () => {
        expect(lines.get(index))
          .to.match(says)
          .and.not.match(/No overload/);
      });
    }
  });
}
