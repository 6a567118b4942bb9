import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { restOfTurn } from './deployment.js';
import { sendingOf } from './dynamodb-requests.js';

/** What the clients of this process have sent, and are waiting for. */
export class Traffic {
  /** The commands that were sent, the oldest first; a client's own retry counts as well. */
  readonly sent: string[] = [];
  readonly #preparing = new Set<object>();
  readonly #inFlight = new Set<string>();
  /** Requests that get a response only if the spec says so. */
  readonly #parked = new Set<string>();
  readonly #watchers = new Set<() => void>();

  watch(client: DynamoDBClient): DynamoDBClient {
    // A client reads its configuration before it sends for the first time.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        this.#preparing.add(context);
        try {
          return await next(args);
        } finally {
          this.#preparing.delete(context);
          this.changed();
        }
      },
      { name: 'preparationWatchedBySpec', step: 'initialize', priority: 'high' },
    );
    // Around each single sending, inside of the client's own retries: a pause between two of them is no traffic.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const { headers } = args.request as { readonly headers: Readonly<Record<string, string>> };
        const sending = sendingOf(headers);
        this.sent.push(String(context.commandName));
        this.#inFlight.add(sending);
        this.#preparing.delete(context);
        try {
          return await next(args);
        } finally {
          this.#inFlight.delete(sending);
          this.changed();
        }
      },
      { name: 'watchedBySpec', step: 'deserialize', priority: 'high' },
    );
    return client;
  }

  park(sending: string): void {
    this.#parked.add(sending);
    this.changed();
  }

  unpark(sending: string): void {
    this.#parked.delete(sending);
    this.changed();
  }

  /** Resolves when every request has its response, except those that get none for now. */
  async quiet(): Promise<void> {
    for (let calmTurns = 0; calmTurns < 5; calmTurns += 1) {
      while (!this.#isQuiet) {
        calmTurns = 0;
        await this.change();
      }
      // What an answer leads to may be sent a few turns later.
      await restOfTurn();
    }
  }

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add(resolve);
    });
  }

  changed(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const wake of watchers) wake();
  }

  get #isQuiet(): boolean {
    return this.#preparing.size === 0 && [...this.#inFlight].every((sending) => this.#parked.has(sending));
  }
}
