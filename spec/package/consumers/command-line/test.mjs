import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** Runs the package's command as npx finds it. */
function retrysafe(...args) {
  const shell = process.platform === 'win32';
  return new Promise((resolve) => {
    execFile('npx', ['--no-install', 'retrysafe', ...args], { shell }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

const { version } = JSON.parse(readFileSync('node_modules/retrysafe/package.json', 'utf8'));
assert.deepEqual(await retrysafe('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
console.log('ok npx runs the command of the package');

// It takes any key, and keeps nothing.
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(201).end(randomUUID()));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { code, stdout } = await retrysafe(
  'http-conformance',
  `http://127.0.0.1:${server.address().port}/payments`,
);
server.close();
assert.match(
  stdout,
  /^key-missing +SHOULD +draft-07 §2\.7 +failed +a request without a key is answered 400/m,
);
assert.match(stdout, /^MUST +\d+ passed, [1-9]\d* failed/m);
assert.equal(code, 1);
console.log('ok npx retrysafe http-conformance tests a server');

writeFileSync(
  'retrysafe.config.ts',
  `import { Idempotent, InMemoryStore } from 'retrysafe';

class HoldService {
  @Idempotent({ name: 'HoldService.place', key: 'id', store: new InMemoryStore() })
  async place(hold: { readonly id: string }): Promise<string> {
    return hold.id;
  }
}

const store = new InMemoryStore();
export default { stores: store, operations: [HoldService] };
`,
);
const shown = await retrysafe('show', 'HoldService.place', '--select', '"T-1"');
assert.match(shown.stderr, /^There is no record under HoldService\.place#[0-9a-f]{64}: /);
assert.equal(shown.code, 1);
console.log('ok npx retrysafe show reads a configuration in TypeScript, with decorators');
