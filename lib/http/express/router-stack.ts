/** A layer of a router's stack: a route, a mounted router or application, or middleware. Express 4 and 5 have different ones. */
export interface Layer {
  readonly route?: object;
  readonly handle: unknown;
  /** Express 5.0 and 4 return whether it matches, and keep what did in `path` and `params`. */
  match(path: string): boolean | { readonly path: string; readonly pattern: unknown };
  readonly path?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Whether it matches every path, in Express 5. */
  readonly slash?: boolean;
  /** In Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
}

/** An application of Express, as far as it is looked at. */
export interface MountedApplication {
  readonly parent?: MountedApplication;
  readonly lazyrouter?: unknown;
  readonly _router?: { readonly stack: readonly Layer[] };
  readonly router?: { readonly stack: readonly Layer[] };
}

/** Returns the layers of an application. */
export function stackOf(app: MountedApplication): readonly Layer[] {
  // In Express 4 the getter of `router` throws.
  return (app.lazyrouter ? app._router : app.router)?.stack ?? [];
}

/**
 * Returns the layers of the router or application that a layer mounts, and nothing of any other layer.
 *
 * @param next The application that is mounted in the one whose layer it is, on the way to the request's.
 */
export function mountedStack({ handle }: Layer, next?: MountedApplication): readonly Layer[] | undefined {
  if (typeof handle !== 'function') return undefined;
  const { stack } = handle as { stack?: readonly Layer[] };
  if (Array.isArray(stack)) return stack;
  // Express hides an application in a function of this name.
  if (handle.name === 'mounted_app') return next && stackOf(next);
  return 'handle' in handle && 'set' in handle ? stackOf(handle as MountedApplication) : undefined;
}
