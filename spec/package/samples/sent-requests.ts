import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

interface Input {
  readonly TableName?: string;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string }>>[];
}

/** What a client asks of which table, as permissions name it; and answers that get lost. */
export class SentRequests {
  /** `dynamodb:PutItem <table>`, each once. */
  readonly actions = new Set<string>();
  /** How often each kind of request was sent, repetitions by the client itself included. */
  readonly counts = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();
  #refused: { readonly name: string; readonly error: Error } | undefined;
  #lost: { readonly name: string; left: number } | undefined;

  constructor(client: DynamoDBClient) {
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          this.#refuse(commandName.replace(/Command$/, ''));
          this.#note(commandName.replace(/Command$/, ''), args.input as Input);
          const answer = await next(args);
          this.#lose(commandName.replace(/Command$/, ''));
          return answer;
        },
      // Inside of the client's own repetitions.
      { step: 'deserialize', priority: 'high', name: 'sentRequests' },
    );
  }

  /** So many of the next answers to this request get lost, after the engine has done what was asked. */
  loseAnswers(name: string, count: number): void {
    this.#lost = { name, left: count };
  }

  /** The next such request fails before the engine hears of it, and is not worth repeating to the client. */
  refuse(name: string, error = new Error('out of reach')): void {
    this.#refused = { name, error };
  }

  /** Resolves as soon as such an action is sent, if it was not sent before. */
  async sent(action: string): Promise<void> {
    if (!this.actions.has(action)) await new Promise<void>((resolve) => this.#waiting.set(action, resolve));
  }

  #note(name: string, { TableName, TransactItems }: Input): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    // A transaction has no permission of its own.
    if (!TransactItems) this.actions.add(`dynamodb:${name} ${TableName}`);
    for (const item of TransactItems ?? []) {
      const [[kind, part] = []] = Object.entries(item);
      this.actions.add(`dynamodb:${kind}Item ${part?.TableName}`);
    }
    for (const action of this.actions) this.#waiting.get(action)?.();
  }

  #refuse(name: string): void {
    if (this.#refused?.name !== name) return;
    const { error } = this.#refused;
    this.#refused = undefined;
    throw error;
  }

  #lose(name: string): void {
    if (this.#lost?.name !== name || this.#lost.left === 0) return;
    this.#lost.left -= 1;
    throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  }
}
