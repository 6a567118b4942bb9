import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, RouteOptions } from 'fastify';
import { ConfigurationError } from '../../errors.js';
import { definedOptions } from '../../options/options.js';
import { isObject } from '../../options/reading.js';
import { wrongOption } from '../../options/wrong-option.js';
import { HttpGuard } from '../core/guard.js';
import type { HttpOptions } from '../core/http-options.js';
import type { FastifyIdempotencyOptions } from './fastify-options.js';
import { guardRoute, titleOf } from './guarded-route.js';
import { exchangeOf } from './reply-exchange.js';

const WHERE = 'idempotency';

async function plugin(app: FastifyInstance, options: FastifyIdempotencyOptions): Promise<void> {
  const { mount = 'marked', ...common } = options;
  if (mount !== 'marked' && mount !== 'all')
    throw wrongOption(WHERE, 'mount', mount, "one of 'marked', 'all'");
  register(app);
  const usual = new HttpGuard<FastifyRequest>(common, { where: WHERE, isRequired: true });
  const owner = {};
  app.addHook('onRoute', (route) => {
    const setting = route.config?.idempotency;
    if (setting === false || (setting === undefined && mount === 'marked')) return;
    const isMarked = setting !== undefined;
    const guard = isMarked && setting !== true ? guardOf(route, common, setting) : usual;
    guardRoute(route, guard, { owner, isRequired: isMarked });
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    const exchange = exchangeOf(request);
    if (exchange?.owner === owner) exchange.send(payload, done);
    else done();
  });
  app.addHook('onError', (request, _reply, error, done) => {
    exchangeOf(request)?.failed(error);
    done();
  });
}

/** Returns the guard of a route that has options of its own. */
function guardOf(
  route: RouteOptions,
  common: HttpOptions<FastifyRequest>,
  setting: Partial<HttpOptions<FastifyRequest>>,
): HttpGuard<FastifyRequest> {
  const where = `${WHERE} of ${titleOf(route)}`;
  if (!isObject(setting) || Array.isArray(setting))
    throw wrongOption(where, 'config.idempotency', setting, "true, false, or options such as { ttl: '24h' }");
  const options = { ...common, ...definedOptions(setting) } as HttpOptions<FastifyRequest>;
  return new HttpGuard<FastifyRequest>(options, { where, isRequired: true });
}

const registered = Symbol.for('retrysafe.fastify.registered');

/** Two guards of one context would guard the same routes. */
function register(app: FastifyInstance): void {
  if (Object.hasOwn(app, registered)) {
    throw new ConfigurationError(
      `${WHERE}: the plugin is registered twice in one context; set what differs in \`config.idempotency\` of the routes, or register it in contexts of their own`,
    );
  }
  Object.defineProperty(app, registered, { value: true });
}

/**
 * A plugin for Fastify 5 that makes routes safe to retry: a request with a key runs its handler once, and equal requests get the response of that.
 * Routes of its context are guarded, and of those within, that are declared after it and whose `config.idempotency` is `true` or options.
 *
 * The guard is around the handler, so every hook that authenticates or validates comes before it. Hooks of `onSend` that are registered
 * after the plugin see replays as they see first responses; what those before it do is recorded.
 *
 * @throws {ConfigurationError} for a wrong option: of the plugin when it is loaded, of a route when that is declared.
 */
export const idempotency: FastifyPluginAsync<FastifyIdempotencyOptions> = Object.assign(plugin, {
  // What fastify-plugin sets: the hooks belong to the context that the plugin is registered in.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'retrysafe',
  [Symbol.for('plugin-meta')]: { name: 'retrysafe', fastify: '5.x' },
});
