import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { pending } from '../support/pending.js';
import { tellEverything } from './everything.js';
import { asByOtlp, type Series, scrape, seriesOf } from './exported-names.js';
import { sdkVersions, useSdk } from './sdk.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'samples/observability');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<'summary' | 'description', string>>;
}

const dashboard: { readonly panels: readonly Panel[]; readonly templating: object } = JSON.parse(
  readFileSync(join(folder, 'dashboard.json'), 'utf8'),
);
const alertsFile = join(folder, 'alerts.yml');
const rules: readonly Rule[] = parse(readFileSync(alertsFile, 'utf8')).groups.flatMap(
  (group: { readonly rules: readonly Rule[] }) => group.rules,
);

/** What Grafana puts in the place of its variables. */
const filled = (expr: string) =>
  expr.replaceAll('$operation', '.*').replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h');

/** The queries, by where they stand. `shown`: the text in which labels are named by `{{label}}`. */
const queries = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: title, expr: filled(expr), shown: legendFormat })),
  ),
  ...rules.map(({ alert, expr, annotations }) => ({
    where: alert,
    expr,
    shown: Object.values(annotations).join(' ').replaceAll('$labels.', ''),
  })),
];

/** Something that a query asks for: metrics whose names match, and what their labels have to be. */
interface Selector {
  readonly name: RegExp;
  readonly labels: readonly { readonly label: string; readonly equal: string | undefined }[];
}

function selectorsIn(expr: string): readonly Selector[] {
  return [...expr.matchAll(/(?<!\w)(retrysafe_\w+)?(?:\{([^}]*)\}|(?=[\s)[]))/g)]
    .filter(([all, name]) => name?.match(/_(total|keys)$/) || all.includes('__name__'))
    .map(([, plain, braces = '']) => {
      const pairs = [...braces.matchAll(/(\w+)(=~|!=|!~|=)"([^"]*)"/g)];
      const [, , , pattern = plain ?? ''] = pairs.find(([, label]) => label === '__name__') ?? [];
      const labels = pairs
        .filter(([, label]) => label !== '__name__')
        .map(([, label = '', operator, value]) => ({ label, equal: operator === '=' ? value : undefined }));
      return { name: new RegExp(`^(?:${pattern})$`), labels };
    });
}

/** The labels by which a query groups, and those that its text shows. */
function namedIn(expr: string, shown: string): readonly string[] {
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
  const inText = [...shown.matchAll(/\{\{ ?(\w+) ?\}\}/g)].map(([, label = '']) => label);
  return [...new Set([...grouped, ...inText])];
}

for (const version of sdkVersions) {
  describe(`the dashboard and the alerts of samples/observability, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);
    let exported: Series;
    beforeEach(async () => {
      const { PrometheusExporter } = otel.load('@opentelemetry/exporter-prometheus');
      const reader = new PrometheusExporter({ preventServerStart: true });
      await tellEverything(otel.start({ reader }));
      exported = seriesOf(await scrape(reader));
    });

    it('ask for metrics that are exported, with labels and values that they have', () => {
      expect(queries).to.have.length.above(20);
      for (const series of [exported, asByOtlp(exported)]) {
        for (const { where, expr } of queries) {
          const selectors = selectorsIn(expr);
          expect(selectors, where).not.to.be.empty;
          for (const { name, labels } of selectors) {
            const found = [...series].filter(([one]) => name.test(one)).flatMap(([, its]) => its);
            expect(found, `${where}: ${name}`).not.to.be.empty;
            for (const { label, equal } of labels) {
              const values = found.map((its) => its[label]).filter((value) => value !== undefined);
              expect(values, `${where}: ${name}, ${label}`).not.to.be.empty;
              if (equal !== undefined) expect(values, `${where}: ${label}`).to.include(equal);
            }
          }
        }
      }
    });

    it('group by labels, and show labels, that those metrics have', () => {
      for (const { where, expr, shown } of queries) {
        const having = selectorsIn(expr).flatMap(({ name }) =>
          [...exported].filter(([one]) => name.test(one)).flatMap(([, its]) => its),
        );
        for (const label of namedIn(expr, shown).filter((one) => one !== '')) {
          expect(
            having.some((labels) => label in labels),
            `${where}: ${label}`,
          ).to.equal(true);
        }
      }
    });

    it('show each metric that is exported', () => {
      const ours = [...exported.keys()].filter((name) => name.startsWith('retrysafe_'));
      expect(ours).to.have.length.above(10);
      const selectors = dashboard.panels.flatMap(({ targets = [] }) =>
        targets.flatMap(({ expr }) => selectorsIn(filled(expr))),
      );
      const histograms = /_(count|sum)$/;
      const unseen = ours.filter(
        (name) => !histograms.test(name) && !selectors.some((selector) => selector.name.test(name)),
      );
      expect(unseen).to.deep.equal([]);
    });
  });
}

describe('the alerts of samples/observability', () => {
  before(function () {
    if (promtool('--version').status !== 0)
      pending(this, 'promtool is not installed (apt-get install prometheus)');
  });

  it('are rules that Prometheus takes', () => {
    expect(promtool('check', 'rules', alertsFile)).to.include({ status: 0 });
  });

  it('fire when they should', () => {
    expect(promtool('test', 'rules', join(root, 'spec/opentelemetry/alerts.test.yml'))).to.include({
      status: 0,
    });
  });

  it('have queries beside them, in the dashboard, that Prometheus takes', () => {
    const workspace = mkdtempSync(join(tmpdir(), 'retrysafe-queries-'));
    try {
      const file = join(workspace, 'queries.yml');
      const records = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
      writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: records }] }));
      expect(promtool('check', 'rules', file)).to.include({ status: 0 });
    } finally {
      rmSync(workspace, { recursive: true });
    }
  });
});

function promtool(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}
