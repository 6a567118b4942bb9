import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { holdCloseListeners, stillOpen } from './close-listeners.js';
import { deferFinishListeners } from './finish-listeners.js';
import { native } from './native-response.js';

/** What stands in for the socket of a client that has gone: it takes everything at once, and keeps nothing. */
class Nowhere extends EventEmitter {
  readonly writableLength = 0;
  readonly writableHighWaterMark = 16_384;
  // Node.js collects what is written in one turn, unless that is being done already.
  readonly writableCorked = 1;
  readonly _writableState = { corked: 1 };
  writable = true;
  destroyed = false;

  write(_data: unknown, encoding?: unknown, callback: unknown = encoding): boolean {
    if (typeof callback === 'function') queueMicrotask(() => callback(null));
    return true;
  }

  cork(): void {}

  uncork(): void {}

  setTimeout(): this {
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.writable = false;
    queueMicrotask(() => this.emit('close'));
    return this;
  }
}

/** What Node.js keeps on a socket. */
type ServerSocket = Socket & { _httpMessage?: ServerResponse | null };

/**
 * Moves a response off a connection that is gone, before Node.js closes it with that: its handler goes on writing as if to a quick client,
 * and its events come when it has ended.
 */
export function moveToNowhere(req: IncomingMessage, res: ServerResponse): void {
  const { socket } = req;
  // It may have closed with its connection already.
  Object.assign(res, { destroyed: false, _closed: false });
  // A response that waits behind another one on its connection has no socket yet.
  if ((socket as ServerSocket)._httpMessage === res) res.detachSocket(socket);
  // By this listener Node.js goes on with the connection.
  const listeners = res.listeners('finish') as ((...args: unknown[]) => void)[];
  const ofServer = listeners.find(({ name }) => name.endsWith('resOnFinish')) ?? listeners[0];
  if (ofServer) res.removeListener('finish', ofServer);
  deferFinishListeners(res);
  const nowhere = new Nowhere();
  const letClose = keepOpen(req);
  const tell = holdCloseListeners(socket);
  res.once('finish', () => nowhere.destroy());
  // It comes after `finish`, and alone where the handler destroys its response.
  nowhere.once('close', () => {
    letClose();
    tell();
  });
  // With something to flush, Node.js tells a handler that waits for `drain`.
  if (res.headersSent && !res.writableEnded) native().write.call(res, '', 'latin1');
  res.assignSocket(nowhere as unknown as Socket);
}

/** A request that has come whole can still be read, though Node.js destroys it with its connection, which seems to be open. */
function keepOpen(req: IncomingMessage): () => void {
  if (!req.complete) return () => {};
  const { destroy, socket } = req;
  const open = stillOpen(socket);
  // It destroys itself when it has been read, too.
  const destroyOnceRead = (error?: NodeJS.ErrnoException) =>
    error?.code === 'ECONNRESET' && !req.readableEnded ? req : destroy.call(req, error);
  Object.assign(req, { destroy: destroyOnceRead, socket: open.socket });
  return () => {
    Object.assign(req, { destroy, socket });
    open.close();
    req.destroy();
  };
}
