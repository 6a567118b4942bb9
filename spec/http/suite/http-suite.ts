import { pending } from '../../support/pending.js';
import { answers } from './answers.js';
import { ControlledApplication, HeldStore } from './controlled-application.js';
import { errors } from './errors.js';
import { hangUps } from './hang-ups.js';
import { HttpClient } from './http-client.js';
import { identity } from './identity.js';
import { keys } from './keys.js';
import { type Home, isInstalled, loader, moduleSystems } from './load.js';
import { running } from './running.js';
import { streams } from './streams.js';
import type { GuardOptions, ServerUnderTest, TestServer } from './test-application.js';

/** A running server, and what controls it. */
export interface Bench {
  readonly application: ControlledApplication;
  readonly store: HeldStore;
  readonly client: HttpClient;
}

/** What the parts of the suite need. */
export interface Suite {
  readonly server: ServerUnderTest;
  /** A key that no other test uses. */
  newKey(): string;
  /** Starts a server for the tests of this `describe`, and returns what has it once they run. */
  serve(options?: GuardOptions): () => Bench;
  /** Declares a test, unless the server has no such route. */
  test(title: string, route: string | undefined, body: () => Promise<void>): void;
}

/** Registers every test that an adapter has to pass, in both module systems. */
export function httpSuite(server: ServerUnderTest, home: Home = 'root'): void {
  for (const system of moduleSystems) {
    describe(`${server.title}, ${system}`, () => {
      before(function () {
        if (!isInstalled(home)) pending(this, `${home} is not installed: npm run install:frameworks`);
      });
      const suite = suiteOf(server, () => loader(home, system));
      for (const part of [keys, identity, running, answers, streams, hangUps, errors]) part(suite);
    });
  }
}

let keysMade = 0;

function suiteOf(server: ServerUnderTest, loading: () => ReturnType<typeof loader>): Suite {
  return {
    server,
    newKey() {
      keysMade += 1;
      return `key-${keysMade}`;
    },
    serve(options = {}) {
      let bench: Bench;
      let running: TestServer;
      before(async () => {
        const store = new HeldStore();
        const application = new ControlledApplication(store, options);
        running = await server.start(application, await loading());
        bench = { application, store, client: new HttpClient(running.port) };
      });
      beforeEach(() => bench.application.reset());
      after(async () => {
        bench?.client.close();
        await running?.close();
      });
      return () => bench;
    },
    test(title, route, body) {
      const why = route === undefined ? undefined : server.without?.[route];
      if (why === undefined) it(title, body);
    },
  };
}
