// What users of NestJS write, as they write it. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import type { DynamicModule } from '@nestjs/common';
import type { Request } from 'express';
import type { FastifyRequest } from 'fastify';
import { InMemoryStore } from 'retrysafe';
import { IDEMPOTENCY_OPTIONS, IdempotencyModule, type IdempotencyModuleOptions, IdempotentRoute, type IdempotentRouteOptions } from 'retrysafe/nestjs';
import { ok, type Same } from '../../package/types/kit.js';

const store = new InMemoryStore();
class Config { readonly ttl = '24h'; readonly store = store; }
type User = { user: { id: string } };

export const modules: DynamicModule[] = [
  IdempotencyModule.forRoot({ store, scope: (request) => request.user.id }),
  IdempotencyModule.forRoot({ store, scope: 'public', ttl: '24h', wait: 0, errors: 'framework', onFailure: 'unknown', maxBody: 1 }),
  IdempotencyModule.forRoot({ store, scope: (request: Request & User) => request.user.id }),
  IdempotencyModule.forRoot({ store, scope: async (request: FastifyRequest & User) => request.user.id }),
  IdempotencyModule.forRoot<Request & User>({ store, scope: (request) => { ok<Same<typeof request, Request & User>>(); return request.user.id; } }),
  IdempotencyModule.forRoot({ store, scope: 'public', fingerprint: (parts, request) => [parts.body, request.headers['x-version']], isOutcome: ({ status }) => status < 500 }),
  IdempotencyModule.forRootAsync({ imports: [], inject: [Config], useFactory: async (config: Config) => ({ store: config.store, scope: (request) => request.user.id, ttl: '24h' }) }),
  IdempotencyModule.forRootAsync({ useFactory: () => ({ scope: 'public' }) }),
];

export const decorators: (ClassDecorator & MethodDecorator)[] = [
  IdempotentRoute(),
  IdempotentRoute({ ttl: '24h' }),
  IdempotentRoute(false),
  IdempotentRoute({ scope: (request) => request.user.id, required: false, header: 'X-Key' }),
  IdempotentRoute({ scope: (request: FastifyRequest & User) => request.user.id }),
];

export const token: symbol = IDEMPOTENCY_OPTIONS;
export const ofModule: IdempotencyModuleOptions<Request> = { store, scope: ({ ip }) => ip };
export const ofRoute: IdempotentRouteOptions = { ttl: 60 };

// @ts-expect-error the scope must be said
IdempotencyModule.forRoot({ store });
// @ts-expect-error an option that there is not
IdempotentRoute({ tll: '24h' });
// @ts-expect-error a factory without what must be said
IdempotencyModule.forRootAsync({ useFactory: () => ({ store }) });
// @ts-expect-error a key is a text or a number
IdempotentRoute({ scope: (request: Request) => request.headers });
