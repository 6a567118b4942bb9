import { currentExecution } from 'retrysafe';
import { BankSilent, BankUnavailable, InsufficientFunds } from './failures.js';
import type { Hold, HoldOrder, Settlement, SettlementOrder } from './orders.js';

interface BankRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What the call is for, which makes its key. */
  readonly label: string;
  readonly order?: object;
}

/**
 * The core bank's HTTP interface. Each request has a key that is the same on every attempt of the running call and
 * in every process, so that the bank recognises it.
 */
export class CoreBank {
  constructor(
    readonly url: string,
    /** How many milliseconds the bank has to answer. */
    readonly timeout = 3_000,
    /** What sends a request. A crash test wraps it. */
    readonly send = (url: URL, request: RequestInit): Promise<Response> => fetch(url, request),
  ) {}

  async placeHold(order: HoldOrder): Promise<Hold> {
    return holdIn(await this.#send({ method: 'POST', path: 'holds', label: 'hold', order }));
  }

  /** The hold that an earlier attempt of the running call placed, if it came to that. */
  async findHold(): Promise<Hold | undefined> {
    const answer = await this.#send({ method: 'GET', path: 'holds', label: 'hold' });
    return answer ? holdIn(answer) : undefined;
  }

  async settle(order: SettlementOrder): Promise<Settlement> {
    const answer = await this.#send({ method: 'POST', path: 'settlements', label: 'settlement', order });
    return { ...order, settledAt: new Date((answer as Settlement).settledAt) };
  }

  /** Resolves to what the bank says, or to nothing where it knows of nothing. */
  async #send({ method, path, label, order }: BankRequest): Promise<unknown> {
    const { deriveKey, signal } = currentExecution();
    // Another call may run as soon as the claim is lost: there is no use in going on.
    const response = await this.#answer(new URL(path, this.url), signal, {
      method,
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': deriveKey(label) },
      ...(order && { body: JSON.stringify(order) }),
    });
    const { status, body } = response;
    if (status === 200 || status === 201) return body;
    if (status === 402) throw new InsufficientFunds((body as InsufficientFunds).availableCents);
    if (status === 404 && method === 'GET') return undefined;
    if (status === 503) throw new BankUnavailable('The core bank is not available.');
    if (status >= 500) throw new BankSilent(`The core bank failed, with status ${status}.`);
    throw new Error(`The core bank refuses ${method} /${path}, with status ${status}`);
  }

  async #answer(url: URL, lost: AbortSignal, request: RequestInit) {
    // Not AbortSignal.any(): in Node.js 20 it forgets an AbortSignal.timeout() that nothing else holds.
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, this.timeout);
    lost.addEventListener('abort', abort);
    if (lost.aborted) abort();
    try {
      const response = await this.send(url, { ...request, signal: controller.signal });
      return {
        status: response.status,
        body: response.ok || response.status === 402 ? await response.json() : undefined,
      };
    } catch (cause) {
      const { code } = ((cause as Error).cause ?? {}) as { readonly code?: string };
      if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') {
        throw new BankUnavailable('The core bank cannot be reached.', { cause });
      }
      throw new BankSilent('The core bank gave no answer in time.', { cause });
    } finally {
      clearTimeout(timer);
      lost.removeEventListener('abort', abort);
    }
  }
}

function holdIn(answer: unknown): Hold {
  const { transactionId, accountId, cents, holdId, placedAt } = answer as Hold;
  return { transactionId, accountId, cents, holdId, placedAt: new Date(placedAt) };
}
