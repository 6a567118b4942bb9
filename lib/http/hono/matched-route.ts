import type { HonoRequest } from 'hono';

/** The route of a request, as the guard that runs sees it. */
export interface MatchedRoute {
  /** The pattern of the route with all base paths, such as `/tenants/:tenant/payments`. */
  readonly pattern: string | undefined;
  /** Whether the guard is on an application, or on all paths below one, by `app.use()`. */
  readonly isMounted: boolean;
}

/**
 * Reads from the routes that Hono matched where the guard stands, and which handler's pattern the request has. Hono calls them in the order
 * of their registration, and knows all of them before the first.
 */
export function matchedRoute({ matchedRoutes, routeIndex }: HonoRequest): MatchedRoute {
  const own = matchedRoutes[routeIndex];
  const isMounted = own?.method === 'ALL' && isWide(own.path);
  if (!isMounted) return { pattern: own?.path, isMounted };
  const after = matchedRoutes.slice(routeIndex + 1);
  const handler = after.find(({ method }) => method !== 'ALL') ?? after.find(({ path }) => !isWide(path));
  return { pattern: (handler ?? own).path, isMounted };
}

function isWide(path: string): boolean {
  return path.endsWith('*');
}
