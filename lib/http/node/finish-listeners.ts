import type { ServerResponse } from 'node:http';

type Listener = (error: Error | null, res: ServerResponse) => void;

/** What the package `on-finished` keeps on a response: functions that it calls when the response has finished, or its socket has closed. */
type Watched = ServerResponse & { __onFinished?: { queue: Listener[] | null } | null };

/**
 * Keeps the listeners of the package `on-finished` until a response closes, though its socket closes before: by them Express and Koa stop to
 * send a file.
 */
export function deferFinishListeners(res: ServerResponse): void {
  const watched = res as Watched;
  const attached = watched.__onFinished;
  const queue = attached?.queue;
  if (!attached || !queue) return;
  attached.queue = [];
  // Those that are still to come watch what stands in for the socket.
  watched.__onFinished = null;
  res.once('close', () => {
    for (const listener of queue) listener(null, res);
  });
}
