import { makeIdempotent } from 'retrysafe';
import { registerIdempotencyInstrumentation } from 'retrysafe/opentelemetry';
import { openStore, type StoreDescription } from '../support/store-description.js';
import { loaderOf, Sdk, type SdkVersion } from './sdk.js';

/** What a worker process does: it makes one call, and tells of its spans. */
export interface TracedJob {
  readonly sdk: SdkVersion;
  readonly store: StoreDescription;
  readonly id: string;
}

/** A span, as far as it can be sent to another process. */
export interface ToldSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly outcome: unknown;
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly how: unknown }[];
}

process.once('message', (job: TracedJob) => void work(job));

async function work({ sdk: version, store: description, id }: TracedJob): Promise<void> {
  const sdk = new Sdk(loaderOf(version));
  const { tracerProvider, meterProvider } = sdk;
  const unregister = registerIdempotencyInstrumentation({ tracerProvider, meterProvider });
  const opened = await openStore(description);
  const placeHold = makeIdempotent(async (hold: { readonly id: string }) => `held ${hold.id}`, {
    name: 'placeHold',
    key: 'id',
    store: opened.store,
  });
  await placeHold({ id });
  const spans: readonly ToldSpan[] = sdk.named('placeHold').map((span) => ({
    name: span.name,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    outcome: span.attributes['retrysafe.outcome'],
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      how: attributes?.['retrysafe.link'],
    })),
  }));
  unregister();
  await sdk.stop();
  await opened.close();
  process.send?.(spans, () => process.disconnect());
}
