import { tracingChannel } from 'node:diagnostics_channel';
import { type CallOutcome, type CallTrace, type IdempotencyEventName, onIdempotencyEvent } from 'retrysafe';

/** What became of a call, and under which name it is counted. */
const outcomes: Record<CallOutcome, string> = {
  completed: 'Completed',
  remembered: 'Remembered',
  released: 'Released',
  unknown: 'Unknown',
  unrecorded: 'Unrecorded',
  replayed: 'Replayed',
  refused: 'Refused',
  failed: 'Failed',
};

/** Which events are counted besides, since no outcome tells of them. */
const events = {
  'taken-over': 'TakenOver',
  'claim-lost': 'ClaimLost',
  'outcome-not-stored': 'OutcomeNotStored',
  'store-failed': 'StoreFailed',
} as const satisfies Partial<Record<IdempotencyEventName, string>>;

type Amount = readonly [value: number, unit: 'Count' | 'Seconds'];

/**
 * Counts calls in CloudWatch, by lines of the embedded metric format in the function's log: no request, no permission, no SDK. Each
 * metric is there for each operation, and for all of the service together.
 */
export class CallMetrics {
  constructor(
    readonly names: { readonly namespace: string; readonly service: string },
    readonly write: (line: string) => void,
  ) {}

  /** Counts from now on, until the returned function is called. */
  start(): () => void {
    const { asyncEnd } = tracingChannel('retrysafe:call');
    const ended = (message: unknown) => this.#countCall(message as CallTrace);
    asyncEnd.subscribe(ended);
    const stops = Object.entries(events).map(([name, metric]) =>
      onIdempotencyEvent(name as keyof typeof events, ({ operation }) => {
        this.#put(operation, { [metric]: [1, 'Count'] });
      }),
    );
    return () => {
      asyncEnd.unsubscribe(ended);
      for (const stop of stops) stop();
    };
  }

  #countCall({ operation, outcome = 'failed', code, waited, ran }: CallTrace): void {
    const amounts: Record<string, Amount> = { [outcomes[outcome]]: [1, 'Count'] };
    if (waited) amounts.Waited = [waited, 'Seconds'];
    if (ran !== undefined) amounts.Ran = [ran, 'Seconds'];
    this.#put(operation, amounts, code === undefined ? {} : { code });
  }

  #put(operation: string, amounts: Readonly<Record<string, Amount>>, detail: object = {}): void {
    const definition = {
      Namespace: this.names.namespace,
      Dimensions: [['Service'], ['Service', 'Operation']],
      Metrics: Object.entries(amounts).map(([Name, [, Unit]]) => ({ Name, Unit })),
    };
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [definition] };
    const values = Object.fromEntries(Object.entries(amounts).map(([name, [value]]) => [name, value]));
    const dimensions = { Service: this.names.service, Operation: operation };
    this.write(JSON.stringify({ _aws, ...dimensions, ...detail, ...values }));
  }
}
