import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
}

/** What a client sends: each of its attempts, as its innermost middleware sees it. */
export class SentCommands {
  readonly #sent: string[] = [];
  readonly #checks = new Set<() => void>();

  constructor(client: DynamoDBClient) {
    client.middlewareStack.add(
      (next) => (args) => {
        this.#sent.push(nameOf(args.request as HttpRequest, args.input));
        for (const check of this.#checks) check();
        return next(args);
      },
      { step: 'deserialize', priority: 'low', name: 'sentCommands' },
    );
  }

  /** What was sent since the last time: `PutItem`, `GetItem consistent`, … */
  take(): string[] {
    return this.#sent.splice(0);
  }

  /** Resolves when so many of them were sent since the last `take`. */
  sent(name: string, count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.#sent.filter((one) => one === name).length < count) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }
}

function nameOf({ headers }: HttpRequest, input: object): string {
  const name = headers['x-amz-target']?.split('.')[1] ?? 'a request without a target';
  if (name !== 'GetItem') return name;
  return 'ConsistentRead' in input && input.ConsistentRead ? `${name} consistent` : `${name} eventual`;
}
