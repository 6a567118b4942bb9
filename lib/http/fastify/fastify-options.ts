import type { FastifyRequest } from 'fastify';
import type { HttpOptions } from '../core/http-options.js';

/** Options of the plugin. A route's own options override them for that route. */
export interface FastifyIdempotencyOptions extends HttpOptions<FastifyRequest> {
  /**
   * Which routes are guarded: `'marked'` those whose `config.idempotency` is `true` or options, `'all'` every route but those whose
   * `config.idempotency` is `false`. A route that is not marked itself does not require a key. Default: `'marked'`.
   */
  readonly mount?: 'marked' | 'all';
}

/** What `config.idempotency` of a route may be: whether it is guarded, or options that override those of the plugin. */
export type FastifyRouteIdempotency = boolean | Partial<HttpOptions<FastifyRequest>>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route is guarded, or options of its guard. Default: as the plugin's option `mount` says. */
    idempotency?: FastifyRouteIdempotency;
  }
}
