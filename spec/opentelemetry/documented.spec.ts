import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SpanKind } from '@opentelemetry/api';
import { expect } from 'chai';
import { IdempotencyInstrumentation } from 'retrysafe/opentelemetry';
import { thrown } from '../support/rejection.js';
import { tellEverything } from './everything.js';
import { sdkVersions, useSdk } from './sdk.js';

const page = readFileSync(
  fileURLToPath(new URL('../../../docs/reference/telemetry.md', import.meta.url)),
  'utf8',
);

/** The rows of the table whose first column has this head: their cells, without backticks. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const start = page.search(new RegExp(`^\\| ${head} \\|.*\\n\\| ---`, 'm'));
  const [table = ''] = page.slice(start).split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$|`/g, '').trim()));
}

const firstOf = (rows: readonly (readonly string[])[]) => rows.map(([first]) => first);
const types = { COUNTER: 'counter', HISTOGRAM: 'histogram', OBSERVABLE_GAUGE: 'gauge' } as const;

for (const version of sdkVersions) {
  describe(`docs/reference/telemetry.md, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);
    beforeEach(() => tellEverything(otel.sdk));

    it('has each metric, with its type, its unit and its attributes, and none besides', async () => {
      const found = new Map<string, { type: string; unit: string; attributes: Set<string> }>();
      for (const { name, type, unit, attributes } of await otel.sdk.figures()) {
        const known = found.get(name) ?? { type: types[type], unit, attributes: new Set<string>() };
        for (const attribute of Object.keys(attributes)) known.attributes.add(attribute);
        found.set(name, known);
      }
      const exported = [...found].map(([name, { type, unit, attributes }]) => [
        name,
        type,
        unit,
        [...attributes].sort(),
      ]);
      const documented = rowsOf('metric').map(([name, type, unit, attributes]) => [
        name,
        type,
        unit,
        attributes?.split(', ').sort(),
      ]);
      expect(exported.sort()).to.deep.equal(documented.sort());
    });

    it('has each span, and each attribute of spans and links, with its type', () => {
      const spans = otel.sdk.spans;
      const names = spans.map(({ name }) => name).filter((name) => name !== 'placeHold');
      expect(rowsOf('span')[1]?.[0]?.split(', ')).to.include.members([...new Set(names)]);
      expect(new Set(spans.map(({ kind }) => kind))).to.deep.equal(new Set([SpanKind.INTERNAL]));
      const typesOf = new Map<string, string>();
      for (const { attributes, links } of spans) {
        const all = [attributes, ...links.map((link) => link.attributes ?? {})];
        for (const [name, value] of all.flatMap((one) => Object.entries(one)))
          typesOf.set(name, typeof value === 'number' ? 'number' : 'text');
      }
      const documented = rowsOf('attribute').map(([name, type]) => [name, type?.replace(', seconds', '')]);
      expect([...typesOf].sort()).to.deep.equal(documented.sort());
    });

    it('has each outcome, and each way in which a call depends on a run', () => {
      const spans = otel.sdk.named('placeHold');
      const outcomes = new Set(spans.map(({ attributes }) => attributes['retrysafe.outcome']));
      expect([...outcomes].sort()).to.deep.equal([...firstOf(rowsOf('`retrysafe.outcome`'))].sort());
      const links = spans.flatMap((span) =>
        span.links.map(({ attributes }) => attributes?.['retrysafe.link']),
      );
      const documented = firstOf(rowsOf('`retrysafe.link`'));
      expect(documented).to.include.members([...new Set(links)] as string[]);
      expect(new Set(links).size).to.be.at.least(3);
    });

    it('has the buckets of the histograms', async () => {
      const [duration] = await otel.sdk.figures('retrysafe.call.duration');
      const [, text = ''] = /in seconds, are ([\d., and]+);/.exec(page) ?? [];
      expect(text.split(/, | and /).map(Number)).to.deep.equal(duration?.value.buckets.boundaries);
    });
  });
}

describe('docs/reference/telemetry.md', () => {
  it('has each option', () => {
    const { message } = thrown(() => new IdempotencyInstrumentation({ nothing: 1 } as object)) as Error;
    const options = message.split('the options are ')[1]?.split(', ') ?? [];
    expect(options).to.include('key');
    expect([...firstOf(rowsOf('option'))].sort()).to.deep.equal(options.sort());
  });
});
