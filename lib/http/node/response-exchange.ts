import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Execution, executions } from '../../engine/execution/execution.js';
import type { MadeResponse } from '../core/guarded-request.js';
import type { HeaderLine } from '../core/recorded-response.js';
import { Connection, type OpenResponse } from './connection.js';
import { closeAfter } from './held-head.js';
import { HeldResponse, type ResponseListener } from './held-response.js';
import { moveToNowhere } from './nowhere.js';
import { isUnread } from './request-bytes.js';
import { linesOf } from './response-lines.js';

/** A handler that is called, and where its errors go. */
export interface Handling {
  readonly handle: () => unknown;
  readonly fail: (error: unknown) => void;
  readonly maxBody: number;
  /** The headers that stood before the guard. Default: those that stand now. */
  readonly before?: readonly HeaderLine[];
}

/** One request's way from its guard to the end of its response, whatever becomes of client, connection and claim. */
export class ResponseExchange implements OpenResponse, ResponseListener {
  readonly #connection: Connection;
  #held: HeldResponse | undefined;
  #execution: Execution | undefined;
  #isGone = false;
  /** Whether the handler has destroyed the response, or the connection. */
  #isBroken = false;
  #resolve!: (made: MadeResponse) => void;
  #reject!: (error: unknown) => void;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
  ) {
    this.#connection = Connection.of(req);
    this.#connection.add(this);
    if (res.destroyed) this.hangUp();
  }

  /** Calls the handler, and resolves when it has ended its response. Rejects where that breaks, or the claim is lost before. */
  run({ handle, fail, maxBody, before = linesOf(this.res) }: Handling): Promise<MadeResponse> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      // A parser reads nothing from a connection that is gone, and the handler would go without a body.
      if (this.#isGone && isUnread(this.req))
        return reject(new Error('the client is gone before its handler'));
      const execution = executions.getStore();
      this.#execution = execution;
      execution?.whenLost((loss) => this.#giveUp(loss));
      const held = new HeldResponse(this.res, before, maxBody, this);
      this.#held = held;
      // What comes after the end of the response changes nothing about it.
      const broke = (error: unknown) => (held.state === 'ended' ? fail(error) : this.#giveUp(error));
      try {
        const handling = handle();
        if (handling instanceof Promise) handling.catch(broke);
      } catch (error) {
        broke(error);
      }
    });
  }

  /** Sends what the handler made. */
  send(): void {
    this.#connection.delete(this);
    try {
      this.#held?.send();
    } catch (error) {
      // Node.js refuses the head, or a method that middleware has put on the response: nothing else can be sent.
      this.destroy(error as Error);
    }
  }

  /** Makes way for another answer. Returns whether it can be sent: not after the beginning of a stream, which breaks, or has broken. */
  replace(): boolean {
    const held = this.#held;
    if (!held) {
      this.#connection.delete(this);
      return true;
    }
    if (this.#isBroken) return false;
    if (held.isStreaming) {
      this.destroy();
      return false;
    }
    held.replace();
    return true;
  }

  destroy(error?: Error): void {
    this.#connection.delete(this);
    this.#held?.destroyNow(error);
  }

  ended(made: MadeResponse): void {
    this.#resolve(made);
  }

  broken(error: Error): void {
    this.#isBroken = true;
    this.#connection.delete(this);
    this.#reject(error);
  }

  get isWaiting(): boolean {
    return this.#held?.state === 'ended';
  }

  get isGivenUp(): boolean {
    const state = this.#held?.state;
    return state === 'abandoned' || state === 'replaced';
  }

  get isCurrent(): boolean {
    return (this.req.socket as { _httpMessage?: unknown })._httpMessage === this.res;
  }

  isCaller(): boolean {
    if (!this.#execution) return false;
    let at = executions.getStore();
    while (at && at !== this.#execution) at = at.parent;
    return at !== undefined;
  }

  hangUp(): void {
    if (this.#isGone || (this.isGivenUp && this.res.writableEnded)) return;
    this.#isGone = true;
    moveToNowhere(this.req, this.res);
  }

  break(error: Error): void {
    if (this.#held?.abandon()) this.broken(error);
  }

  closeAfterwards(): void {
    closeAfter(this.res);
  }

  #giveUp(reason: unknown): void {
    if (!this.#held?.abandon()) return;
    this.#reject(reason);
    if (this.#held.isStreaming) this.destroy(reason instanceof Error ? reason : undefined);
  }
}
