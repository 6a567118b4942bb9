/** How a check ends that did not pass. */
export class CheckEnd extends Error {
  constructor(
    readonly outcome: 'failed' | 'skipped',
    detail: string,
  ) {
    super(detail);
  }
}

/** Ends a check: the server does otherwise. */
export function fail(detail: string): never {
  throw new CheckEnd('failed', detail);
}

/** Ends a check that cannot tell. */
export function skip(reason: string): never {
  throw new CheckEnd('skipped', reason);
}
