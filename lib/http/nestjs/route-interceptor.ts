import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { type Observable, of } from 'rxjs';
import { ConfigurationError } from '../../errors.js';
import { HttpGuard } from '../core/guard.js';
import type { HttpOptions } from '../core/http-options.js';
import { isOwned } from '../node/own-methods.js';
import { isAnswered } from './further-answers.js';
import { guardRoute } from './guard-route.js';
import { metadataOf, setMetadata } from './metadata.js';
import { nativeCall } from './native-call.js';
import { answerByProblem } from './problem-filter.js';
import { hasDecided, isTelling } from './route-methods.js';
import {
  IDEMPOTENCY_OPTIONS,
  type IdempotencyModuleOptions,
  type IdempotentRouteOptions,
  routeOptions,
} from './route-options.js';
import { pipelineOf } from './route-pipeline.js';

/** What an interceptor is on. */
export interface Guarded {
  readonly kind: 'method' | 'controller';
  readonly options: IdempotentRouteOptions;
  /** Is told the guard when the application starts. */
  document(guard: HttpGuard<unknown>): void;
}

/** On a controller: its interceptor, which takes the place of an inherited one. */
const INTERCEPTOR = 'retrysafe:interceptor';

const facts = { where: 'IdempotentRoute', isRequired: true };

/** The guards of routes without options of their own. */
const guards = new WeakMap<IdempotencyModuleOptions, HttpGuard<unknown>>();

/** Returns an interceptor for one use of the decorator. Nest makes an instance of it in each module that has such a controller. */
export function routeInterceptor({ kind, options, document }: Guarded): Type<NestInterceptor> {
  class IdempotentRouteInterceptor implements NestInterceptor {
    readonly #guard: HttpGuard<unknown>;

    constructor(ofModule: IdempotencyModuleOptions) {
      this.#guard = guardOf(ofModule, options);
      document(this.#guard);
    }

    intercept(
      context: ExecutionContext,
      next: CallHandler,
    ): Observable<unknown> | Promise<Observable<unknown>> {
      const handler = context.getHandler();
      const controller = context.getClass();
      if (context.getType() !== 'http') {
        if (kind === 'controller') return next.handle();
        throw new ConfigurationError(
          `@IdempotentRoute on ${controller.name}.${handler.name}: it was called by ${context.getType()} and not by HTTP; use @Idempotent there`,
        );
      }
      if (kind === 'controller' && (hasDecided(handler) || !isOn(controller))) return next.handle();
      const call = nativeCall(context);
      // An interceptor before this one has called it again.
      if (isAnswered(call.response)) return of(undefined);
      const running = pipelineOf(call.res);
      if (running) return running.attempt(next);
      if (!this.#guard.concerns(call.guarded)) return next.handle();
      if (isOwned(call.res)) {
        this.#guard.tellOfAnother();
        return next.handle();
      }
      if (isTelling(handler)) return guardRoute(this.#guard, call, context, next);
      throw this.#misplaced(controller, handler);
    }

    /** Without its place in that class, what a pipe refuses could not be told from what the method refuses. */
    #misplaced({ name }: { readonly name: string }, handler: { readonly name: string }): ConfigurationError {
      const error = new ConfigurationError(
        `@IdempotentRoute on the class that ${name} extends: the route ${handler.name} is not in that class; put @IdempotentRoute() on ${name}`,
      );
      const problem = this.#guard.problemFor(error);
      if (problem) answerByProblem(error, problem);
      return error;
    }
  }
  const isOn = (controller: object) => metadataOf(INTERCEPTOR, controller) === IdempotentRouteInterceptor;

  Injectable()(IdempotentRouteInterceptor);
  Inject(IDEMPOTENCY_OPTIONS)(IdempotentRouteInterceptor, undefined, 0);
  return IdempotentRouteInterceptor;
}

/** Lets a controller have this interceptor, and no inherited one. */
export function setInterceptor(interceptor: Type<NestInterceptor>, controller: object): void {
  setMetadata(INTERCEPTOR, interceptor, controller);
}

function guardOf(ofModule: IdempotencyModuleOptions, ofRoute: IdempotentRouteOptions): HttpGuard<unknown> {
  const known = Object.keys(ofRoute).length === 0 ? guards.get(ofModule) : undefined;
  if (known) return known;
  const guard = new HttpGuard<unknown>(routeOptions(ofModule, ofRoute) as HttpOptions<unknown>, facts);
  if (Object.keys(ofRoute).length === 0) guards.set(ofModule, guard);
  return guard;
}
