import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { sdkVersions, useSdk } from './sdk.js';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** What an application writes that has this SDK. */
const code = `
import { metrics, trace } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { IdempotencyInstrumentation, registerIdempotencyInstrumentation } from 'retrysafe/opentelemetry';

registerInstrumentations({ instrumentations: [new IdempotencyInstrumentation({ key: 'full' })] });
registerIdempotencyInstrumentation({ tracerProvider: trace.getTracerProvider(), meterProvider: metrics.getMeterProvider() });
`;

for (const version of sdkVersions) {
  describe(`the types, by the SDK ${version} of OpenTelemetry`, function () {
    this.timeout(60_000);
    useSdk(version);
    const project = fileURLToPath(new URL(`../../../spec/opentelemetry/sdk-${version}/`, import.meta.url));
    const file = join(project, 'application.generated.ts');
    afterEach(() => rmSync(file, { force: true }));

    it('fit to those of registerInstrumentations and of the providers', () => {
      writeFileSync(file, code);
      const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'];
      const modules = ['--module', 'nodenext', '--skipLibCheck', '--types', ''];
      const { stdout } = spawnSync(process.execPath, [tsc, ...flags, ...modules, '--ignoreConfig', file], {
        cwd: project,
        encoding: 'utf8',
      });
      expect(stdout).to.equal('');
    });
  });
}
