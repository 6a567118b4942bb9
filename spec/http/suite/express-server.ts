import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Express, Request, Response } from 'express';
import { idempotency } from 'retrysafe/express';
import { pending } from '../../support/pending.js';
import { HeldStore } from './controlled-application.js';
import { HttpClient } from './http-client.js';
import { isInstalled } from './load.js';

type Options = Parameters<typeof idempotency>[0];

/** Express, as it is loaded. */
// biome-ignore lint/suspicious/noExplicitAny: its own functions, whose types are those of Express 5
type Framework = typeof import('express') & { default?: any };

const require = createRequire(import.meta.url);
const fromFrameworks = createRequire(
  fileURLToPath(new URL('../../../../spec/http/frameworks/package.json', import.meta.url)),
);

/** Loads what is installed in the project of frameworks. */
// biome-ignore lint/suspicious/noExplicitAny: a package of any shape
export const framework = (name: string): any => fromFrameworks(name);

/** A running application, and what a spec controls of it. */
export interface ExpressBench {
  readonly express: Framework;
  readonly app: Express;
  readonly store: HeldStore;
  readonly client: HttpClient;
  readonly port: number;
  /** Returns a guard, for the application's store and all callers. */
  guard(options?: Partial<Options>): ReturnType<typeof idempotency>;
}

/** Declares specs for each version of Express. */
export function onEachExpress(
  specs: (version: 4 | 5, serve: (build: Build) => () => ExpressBench) => void,
): void {
  for (const version of [5, 4] as const)
    describe(`on Express ${version}`, () => {
      before(function () {
        if (version === 4 && !isInstalled('frameworks'))
          pending(this, 'Express 4 is not installed: npm run install:frameworks');
      });
      specs(version, (build) => serve(version, build));
    });
}

type Build = (bench: ExpressBench) => void;

/** Starts an application for the specs of this `describe`, and returns what has it once they run. */
function serve(version: 4 | 5, build: Build): () => ExpressBench {
  let bench: ExpressBench;
  let stop = async () => {};
  before(async () => {
    const express: Framework = version === 5 ? require('express') : framework('express-4');
    const app = express();
    // Otherwise Express prints the errors of its handlers.
    app.set('env', 'test');
    const store = new HeldStore();
    const guard = (options: Partial<Options> = {}) => idempotency({ store, scope: 'public', ...options });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    bench = { express, app, store, guard, client: new HttpClient(port), port };
    build(bench);
    stop = async () => {
      bench.client.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    };
  });
  after(() => stop());
  return () => bench;
}

export type { Request, Response };
