import type { AddressInfo } from 'node:net';
import {
  type INestApplication,
  Module,
  type ModuleMetadata,
  type NestApplicationOptions,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InMemoryStore } from 'retrysafe';
import { IdempotencyModule, type IdempotencyModuleOptions } from 'retrysafe/nestjs';
import { HttpClient } from '../suite/http-client.js';

/** What a spec starts an application of NestJS 11 on Express with. */
export interface Started extends ModuleMetadata {
  /** Of the module of idempotency. Default: a store in memory, and all callers share keys. */
  readonly options?: Partial<IdempotencyModuleOptions>;
  readonly settings?: NestApplicationOptions;
  /** Is called before the application listens. */
  readonly prepare?: (app: INestApplication) => unknown;
}

export interface Running {
  readonly app: INestApplication;
  readonly client: HttpClient;
  /** What Nest has logged as an error. */
  readonly logged: unknown[];
}

const running: Running[] = [];

/** Starts an application. `stopApplications` ends it. */
export async function startApplication({
  options = {},
  settings = {},
  prepare,
  imports = [],
  ...metadata
}: Started): Promise<Running> {
  class AppModule {}
  const own = IdempotencyModule.forRoot({ store: new InMemoryStore(), scope: 'public', ...options });
  Module({ ...metadata, imports: [own, ...imports] })(AppModule);
  const logged: unknown[] = [];
  const nothing = () => {};
  const logger = {
    error: (error: unknown) => void logged.push(error),
    ...{ log: nothing, warn: nothing, debug: nothing, verbose: nothing, fatal: nothing },
  };
  const app = await NestFactory.create(AppModule, { logger, abortOnError: false, ...settings });
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const client = new HttpClient((app.getHttpServer().address() as AddressInfo).port);
  const started = { app, client, logged };
  running.push(started);
  return started;
}

/** Ends the applications of a test. */
export async function stopApplications(): Promise<void> {
  for (const { app, client } of running.splice(0)) {
    client.close();
    app.getHttpServer().closeAllConnections();
    await app.close();
  }
}
