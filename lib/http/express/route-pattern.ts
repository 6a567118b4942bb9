import type { Request } from 'express';
import { type Mount, mountOf, patternText } from './mount-pattern.js';
import { type Layer, type MountedApplication, mountedStack, stackOf } from './router-stack.js';

/** The layers that lead to a route, from the outermost application. */
type Way = readonly Layer[];

/** The way by which each route was reached last: most routers are mounted once. */
const knownWays = new WeakMap<object, Way>();

/**
 * Returns the pattern of the route that a request has come to, with the patterns of the routers that lead to it: Express knows only what they
 * matched. Where those cannot be found, what they matched stands for them, and keys belong to that.
 */
export function routePattern({ route, baseUrl, app }: Request): string {
  const own = patternText(route.path);
  if (baseUrl === '') return own;
  const known = knownWays.get(route);
  const pattern = known && along(known, baseUrl);
  if (pattern !== undefined) return pattern + own;
  const apps = applicationsTo(app as unknown as MountedApplication);
  const way = wayTo(route, baseUrl, stackOf(apps[0] as MountedApplication), apps.slice(1));
  if (!way) return baseUrl + own;
  knownWays.set(route, way);
  return along(way, baseUrl) + own;
}

/** Whether a router or application, and not a route, has this middleware. */
export function isMounted(middleware: unknown, app: unknown): boolean {
  const apps = applicationsTo(app as MountedApplication);
  const has = (stack: readonly Layer[], depth: number): boolean =>
    stack.some((layer) => {
      if (layer.route) return false;
      if (layer.handle === middleware) return true;
      const inner = depth < DEEPEST ? mountedStack(layer) : undefined;
      return inner !== undefined && has(inner, depth + 1);
    });
  return apps.some((one) => has(stackOf(one), 0));
}

/** A router may be mounted in itself. */
const DEEPEST = 20;

/** Returns the applications from the outermost one to the request's. */
function applicationsTo(app: MountedApplication): readonly MountedApplication[] {
  return app.parent ? [...applicationsTo(app.parent), app] : [app];
}

/** Returns the pattern of the mounts on a way, if they match all of a path. */
function along(way: Way, path: string): string | undefined {
  let rest = path;
  let pattern = '';
  for (const layer of way) {
    const mount = mountOf(layer, rest);
    if (!mount) return undefined;
    pattern += mount.pattern;
    rest = rest.slice(mount.length);
  }
  return rest === '' ? pattern : undefined;
}

function wayTo(
  route: object,
  path: string,
  stack: readonly Layer[],
  apps: readonly MountedApplication[],
  above: Way = [],
): Way | undefined {
  if (path === '' && stack.some((layer) => layer.route === route)) return above;
  if (above.length === DEEPEST) return undefined;
  for (const layer of stack) {
    const inner = layer.route ? undefined : mountedStack(layer, apps[0]);
    const mount: Mount | undefined = inner && mountOf(layer, path);
    if (!inner || !mount) continue;
    const isApp = apps[0] !== undefined && inner === stackOf(apps[0]);
    const rest = path.slice(mount.length);
    const found = wayTo(route, rest, inner, isApp ? apps.slice(1) : apps, [...above, layer]);
    if (found) return found;
  }
  return undefined;
}
