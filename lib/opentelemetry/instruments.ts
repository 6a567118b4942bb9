import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/** The metrics of one meter. docs/reference/telemetry.md says what each counts. */
export interface Instruments {
  readonly calls: Counter;
  readonly callDuration: Histogram;
  readonly waitDuration: Histogram;
  readonly runDuration: Histogram;
  readonly attempts: Counter;
  readonly unprotectedRuns: Counter;
  readonly claimsLost: Counter;
  readonly outcomesNotStored: Counter;
  readonly keysResolved: Counter;
  readonly optionFailures: Counter;
  readonly storeFailures: Counter;
  readonly storeDuration: Histogram;
}

/** The metrics that are read when they are collected. */
export interface ScanInstruments {
  readonly stuckKeys: ObservableGauge;
  readonly scanAge: ObservableGauge;
}

/** In seconds: from a call in memory to one that waits for a minute. */
const boundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Makes the metrics of calls. */
export function instrumentsOf(meter: Meter): Instruments {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description });
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: boundaries } });
  return {
    calls: counter('retrysafe.calls', '{call}', 'Calls of idempotent operations, by what became of them'),
    callDuration: seconds('retrysafe.call.duration', 'How long calls took for their callers'),
    waitDuration: seconds(
      'retrysafe.wait.duration',
      'How long calls waited for equal ones, of those that did',
    ),
    runDuration: seconds('retrysafe.run.duration', 'How long methods ran'),
    attempts: counter('retrysafe.attempts', '{attempt}', 'Runs that began, by what their keys were before'),
    unprotectedRuns: counter(
      'retrysafe.runs.unprotected',
      '{run}',
      'Runs without a claim, because the store failed',
    ),
    claimsLost: counter('retrysafe.claims.lost', '{claim}', 'Claims that running calls lost'),
    outcomesNotStored: counter(
      'retrysafe.outcomes.not_stored',
      '{outcome}',
      'Outcomes of finished work that could not be stored',
    ),
    keysResolved: counter(
      'retrysafe.keys.resolved',
      '{key}',
      'Keys about which operators of this process decided',
    ),
    optionFailures: counter(
      'retrysafe.option.failures',
      '{failure}',
      'Functions of options that threw, or returned nothing of use',
    ),
    storeFailures: counter(
      'retrysafe.store.failures',
      '{failure}',
      'Requests to stores that failed or timed out',
    ),
    storeDuration: seconds('retrysafe.store.duration', 'How long requests to stores took'),
  };
}

/** Makes the metrics of stores. */
export function scanInstrumentsOf(meter: Meter): ScanInstruments {
  return {
    stuckKeys: meter.createObservableGauge('retrysafe.stuck_keys', {
      unit: '{key}',
      description:
        'Keys whose outcome is unknown, or whose call was abandoned, as the last complete scan found them',
    }),
    scanAge: meter.createObservableGauge('retrysafe.stuck_keys.age', {
      unit: 's',
      description: 'How long ago the last complete scan of a store ended',
    }),
  };
}
