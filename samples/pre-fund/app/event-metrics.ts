import { type IdempotencyEventName, onIdempotencyEvent } from 'retrysafe';

/** Which events are counted, and under which name. */
const metrics = {
  claimed: 'Claimed',
  replayed: 'Replayed',
  refused: 'Refused',
  'taken-over': 'TakenOver',
  'claim-lost': 'ClaimLost',
  unknown: 'Unknown',
  'outcome-not-stored': 'OutcomeNotStored',
  'store-failed': 'StoreFailed',
} as const satisfies Partial<Record<IdempotencyEventName, string>>;

/**
 * Counts the library's events in CloudWatch, by lines of the embedded metric format in the function's log: no request,
 * no permission. Each metric is there for each operation, and for all of the service together.
 */
export class EventMetrics {
  constructor(
    readonly names: { readonly namespace: string; readonly service: string },
    readonly write: (line: string) => void,
  ) {}

  /** Counts from now on, until the returned function is called. */
  start(): () => void {
    const stops = Object.entries(metrics).map(([name, metric]) =>
      onIdempotencyEvent(name as keyof typeof metrics, ({ operation, ...event }) => {
        this.#count(metric, operation, 'code' in event ? { code: event.code } : {});
      }),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  #count(metric: string, operation: string, detail: object): void {
    const definition = {
      Namespace: this.names.namespace,
      Dimensions: [['Service'], ['Service', 'Operation']],
      Metrics: [{ Name: metric, Unit: 'Count' }],
    };
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [definition] };
    const dimensions = { Service: this.names.service, Operation: operation };
    this.write(JSON.stringify({ _aws, ...dimensions, ...detail, [metric]: 1 }));
  }
}
