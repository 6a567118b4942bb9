// biome-ignore-all lint/complexity/noStaticOnlyClass: what Nest calls a dynamic module

import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ConfigurationError } from '../../errors.js';
import { checkHttpOptions } from '../core/option-checks.js';
import {
  IDEMPOTENCY_OPTIONS,
  type IdempotencyModuleAsyncOptions,
  type IdempotencyModuleOptions,
} from './route-options.js';

/** Has the options of all routes with `@IdempotentRoute()`. It is imported once, in the root module, and is global. */
export class IdempotencyModule {
  /**
   * Returns the module with these options.
   *
   * @throws {ConfigurationError} at once, for a wrong option.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
  static forRoot<Request = any>(options: IdempotencyModuleOptions<Request>): DynamicModule {
    checkHttpOptions(options, 'IdempotencyModule.forRoot');
    // By a factory: Nest 10 makes a text of values, and there are clients of stores among these.
    return globally({ provide: IDEMPOTENCY_OPTIONS, useFactory: () => options });
  }

  /**
   * Returns the module with options that are made when the application starts, with what is injected.
   *
   * @throws {ConfigurationError} without a factory. An application with a wrong option does not start.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the platform's request, with what guards have put on it
  static forRootAsync<Request = any>(options: IdempotencyModuleAsyncOptions<Request>): DynamicModule {
    const { imports = [], inject = [], useFactory } = options ?? {};
    if (typeof useFactory !== 'function') {
      throw new ConfigurationError(
        `IdempotencyModule.forRootAsync: option "useFactory" is a ${typeof useFactory}; expected a function that returns options such as { store, scope: (request) => request.user.id }`,
      );
    }
    const made = async (...injected: unknown[]) => {
      const given = await useFactory(...injected);
      checkHttpOptions(given, 'IdempotencyModule.forRootAsync');
      return given;
    };
    return { ...globally({ provide: IDEMPOTENCY_OPTIONS, inject, useFactory: made }), imports };
  }
}

Module({})(IdempotencyModule);

function globally(options: Provider): DynamicModule {
  return { module: IdempotencyModule, global: true, providers: [options], exports: [IDEMPOTENCY_OPTIONS] };
}
