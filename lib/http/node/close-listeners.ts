import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

type Listener = (hadError: boolean) => void;

/** By these Node.js goes on with a connection that has closed. */
const ofNode = /^(?:bound )?(?:socketOnClose|onSocketClose|onServerResponseClose)$/;

/** Listeners that are not told yet, and how many responses they wait for. */
const holds = new WeakMap<Socket, { readonly listeners: readonly Listener[]; responses: number }>();

/**
 * Holds back the listeners of a connection that is about to close, by which a framework stops a handler. Returns a function that tells them: once
 * it is called for each response of the connection.
 */
export function holdCloseListeners(socket: Socket): () => void {
  const hold = holds.get(socket) ?? { listeners: takeListeners(socket), responses: 0 };
  holds.set(socket, hold);
  hold.responses += 1;
  return () => {
    hold.responses -= 1;
    if (hold.responses > 0) return;
    holds.delete(socket);
    for (const listener of hold.listeners) listener.call(socket, false);
  };
}

function takeListeners(socket: Socket): readonly Listener[] {
  const listeners = socket.rawListeners('close').filter(({ name }) => !ofNode.test(name)) as Listener[];
  for (const listener of listeners) socket.removeListener('close', listener);
  return listeners;
}

/** Returns what a handler sees of a connection that has gone, and a function that lets it close for the handler, too. */
export function stillOpen(socket: Socket): { readonly socket: Socket; readonly close: () => void } {
  const standIn = Object.create(socket, { destroyed: { value: false, writable: true } }) as Socket;
  // It has its own listeners, and all else of the socket, such as its addresses.
  (EventEmitter as unknown as (this: Socket) => void).call(standIn);
  const close = () => {
    Object.assign(standIn, { destroyed: true });
    standIn.emit('close', false);
  };
  return { socket: standIn, close };
}
