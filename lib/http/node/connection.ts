import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ownership } from './response-owner.js';

/** A response that is under way on a connection. */
export interface OpenResponse {
  /** Whether it has ended, and waits for its record. */
  readonly isWaiting: boolean;
  /** Whether its run was given up: what its handler does now concerns nobody. */
  readonly isGivenUp: boolean;
  /** Whether it is the one that is being sent on the connection. */
  readonly isCurrent: boolean;
  /** Whether what runs just now was called by its handler. */
  isCaller(): boolean;
  /** The client is gone. */
  hangUp(): void;
  /** Its handler destroys the connection. */
  break(error: Error): void;
  /** The connection is to be closed when it has been sent. */
  closeAfterwards(): void;
}

/** What Node.js keeps on a socket of a server. */
type ServerSocket = Socket & { server?: { httpAllowHalfOpen?: boolean; listening?: boolean } };

/** Where a socket has its connection: a guard of one copy of this library may be inside of a guard of another. */
const ownConnection = Symbol.for('retrysafe.http.connection');

type Connected = { [ownConnection]?: Connection };

/**
 * The guarded responses that are under way on one connection. Tells them how it ends: by its client, by one of their handlers, or by the
 * server.
 */
export class Connection {
  /** What the methods of responses ask, where they are on a prototype. */
  readonly ownerships = new Map<ServerResponse, Ownership>();
  #responses: readonly OpenResponse[] = [];
  #isTimingOut = false;

  static of(req: IncomingMessage): Connection {
    // A test may have made up the request.
    const socket = (req.socket ?? req) as Connected;
    socket[ownConnection] ??= new Connection(req.socket);
    return socket[ownConnection];
  }

  static ownershipOf(res: ServerResponse): Ownership | undefined {
    return connectionOf(res)?.ownerships.get(res);
  }

  static forget(res: ServerResponse): void {
    connectionOf(res)?.ownerships.delete(res);
  }

  private constructor(readonly socket: ServerSocket) {
    if (typeof socket?.destroy !== 'function' || typeof socket.prependListener !== 'function') return;
    const { destroy } = socket;
    // Everything that ends a connection ends with this: a fault of the network, the server, and Express, after an error in mid-stream.
    const mayDestroy = (error?: Error) => (this.#mayDestroy(error) ? destroy.call(socket, error) : socket);
    Object.assign(socket, { destroy: mayDestroy });
    // Node.js ends its side of the connection when the client has ended its own.
    socket.prependListener('end', () => {
      if (!socket.server?.httpAllowHalfOpen) for (const response of this.#responses) response.hangUp();
    });
    // Node.js destroys a connection that times out in this turn, perhaps in the context of the handler that asked for the time-out.
    socket.prependListener('timeout', () => {
      this.#isTimingOut = true;
      queueMicrotask(() => {
        this.#isTimingOut = false;
      });
    });
  }

  add(response: OpenResponse): void {
    this.#responses = [...this.#responses, response];
  }

  delete(response: OpenResponse): void {
    this.#responses = this.#responses.filter((one) => one !== response);
  }

  #mayDestroy(error: Error | undefined): boolean {
    const responses = this.#responses;
    // A write that fails does so in the context of the handler that wrote.
    const isFault = this.#isTimingOut || isNetworkFault(error);
    const caller = isFault ? undefined : responses.find((response) => response.isCaller());
    // The client has another answer in place of this one's, and may have sent the next request.
    if (caller?.isGivenUp) return false;
    // An idle connection is closed in this way when a server closes, and by Express after an error that follows the end. Without the guard
    // the answer would be on its way.
    const waiting = responses.find(({ isWaiting, isCurrent }) => isWaiting && isCurrent);
    const isForced = error !== undefined || !(caller || (this.socket.server?.listening ?? true));
    if (waiting && !isForced) {
      waiting.closeAfterwards();
      return false;
    }
    for (const response of responses) {
      if (response === caller && !response.isWaiting)
        response.break(error ?? new Error('the connection was destroyed by the handler'));
      else response.hangUp();
    }
    return true;
  }
}

function connectionOf({ req }: ServerResponse): Connection | undefined {
  return ((req?.socket ?? req) as Connected | undefined)?.[ownConnection];
}

function isNetworkFault(error: NodeJS.ErrnoException | undefined): boolean {
  return error?.syscall === 'read' || error?.syscall === 'write';
}
