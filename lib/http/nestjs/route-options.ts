import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency } from '@nestjs/common';
import { definedOptions } from '../../options/options.js';
import type { HttpOptions } from '../core/http-options.js';

/** The options of `IdempotencyModule.forRoot`. `Request` is that of the platform: of Express, or of Fastify. */
// biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
export type IdempotencyModuleOptions<Request = any> = HttpOptions<Request, undefined>;

/** The options of `IdempotencyModule.forRootAsync`. */
// biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
export interface IdempotencyModuleAsyncOptions<Request = any> extends Pick<ModuleMetadata, 'imports'> {
  /** What the factory gets, such as a configuration service or a store. */
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    // biome-ignore lint/suspicious/noExplicitAny: what is injected
    ...injected: any[]
  ) => IdempotencyModuleOptions<Request> | Promise<IdempotencyModuleOptions<Request>>;
}

/** The options of one route or controller. Each has precedence over that of the module. */
// biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
export type IdempotentRouteOptions<Request = any> = Partial<IdempotencyModuleOptions<Request>>;

/** Has the checked options of the module. */
export const IDEMPOTENCY_OPTIONS: unique symbol = Symbol.for('IdempotencyModule.forRoot(options)');

/** Returns the options of a route: those of the module where it has none. */
export function routeOptions(ofModule: IdempotencyModuleOptions, ofRoute: IdempotentRouteOptions) {
  return { ...ofModule, ...definedOptions(ofRoute) };
}
