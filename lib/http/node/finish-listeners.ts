import type { ServerResponse } from 'node:http';

type Listener = (error: Error | null, res: ServerResponse) => void;

/** What the package `on-finished` keeps on a response: the functions that it calls when the response has finished, or its socket has closed. */
type Watched = ServerResponse & { __onFinished?: { queue: Listener[] | null } | null };

/**
 * Holds back the listeners of the package `on-finished`, by which Express and Koa stop to send a file when the socket closes. Returns a
 * function that puts them back.
 */
export function holdFinishListeners(res: ServerResponse): (isGone: boolean) => void {
  const watched = res as Watched;
  const known = watched.__onFinished;
  const queue = known?.queue ?? [];
  if (known?.queue) known.queue = [];
  watched.__onFinished = { queue };
  return (isGone) => {
    const canListen = known?.queue && !isGone;
    watched.__onFinished = canListen ? known : null;
    if (canListen) known.queue = queue;
    else if (queue.length > 0) res.once('close', () => queue.forEach((listener) => void listener(null, res)));
  };
}
