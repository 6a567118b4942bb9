// biome-ignore-all lint/suspicious/noExplicitAny: the exporter of several SDKs
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a Prometheus server would scrape: the labels of each series, by its name. */
export type Series = ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;

/** Scrapes a `PrometheusExporter` over HTTP. */
export async function scrape(exporter: any): Promise<string> {
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    return await response.text();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Reads the text format of Prometheus. */
export function seriesOf(text: string): Series {
  const series = new Map<string, Readonly<Record<string, string>>[]>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [
      label,
      value,
    ]);
    series.set(name, [...(series.get(name) ?? []), Object.fromEntries(pairs)]);
  }
  return series;
}

/**
 * The names that the same metrics have where they come by OTLP: Prometheus appends their units there, and the exporter for Node.js does not.
 */
export function asByOtlp(series: Series): Series {
  const unit = (name: string) =>
    name.replace(/^(retrysafe_(?:call|run|wait|store)_duration|retrysafe_stuck_keys_age)/, '$1_seconds');
  return new Map([...series].map(([name, its]) => [unit(name), its]));
}
