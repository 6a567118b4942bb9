import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { transitionsOf } from './random-histories.js';

const document = readFileSync(
  fileURLToPath(new URL('../../../../docs/architecture.md', import.meta.url)),
  'utf8',
);
const [, rest = ''] = document.split('\n## The machine\n');
const [section = ''] = rest.split('\n## ');
const source = readFileSync(
  fileURLToPath(new URL('../../../../lib/engine/machine/state.ts', import.meta.url)),
  'utf8',
);

/** The transitions of the table: from, on, to. */
function documented(): string[] {
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| ([\w, -]+) \| ([^|]+) \| [^|]+ \|$/gm)];
  return rows.flatMap(([, from = '', on = '', to = '']) =>
    on.split(', ').flatMap((event) => namesIn(to).map((next) => `${from} ${event} ${next}`)),
  );
}

/** The phases, as the type of the code has them. */
function phases(): string[] {
  const [, type = ''] = source.split('export type Phase =');
  const [body = ''] = type.split(';');
  return [...body.matchAll(/\| '([\w-]+)'/g)].map(([, name = '']) => name);
}

/** The arrows of the diagram, and which phases each of its boxes has. */
function diagram(): { readonly edges: Set<string>; readonly boxes: Map<string, string> } {
  const [, code = ''] = section.split('stateDiagram-v2');
  const [body = ''] = code.split('```');
  const boxes = new Map(phases().map((phase) => [phase, phase]));
  for (const [, names = '', box = ''] of body.matchAll(/state "([^"]+)" as (\w+)/g))
    for (const name of names.split(', ')) boxes.set(name, box);
  const edges = [...body.matchAll(/^ *(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
  return { edges: new Set(edges), boxes };
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);
}

describe('The table of the machine in docs/architecture.md', () => {
  /** What the machine did, in as many histories as it takes to see every row, and in some at least. */
  let observed: Set<string>;

  before(function () {
    this.timeout(120_000);
    observed = new Set();
    const expected = documented();
    for (let batch = 0; batch < 60; batch += 1) {
      for (const transition of transitionsOf(500, 4_089 + batch).keys()) observed.add(transition);
      if (batch > 2 && expected.every((row) => observed.has(row))) break;
    }
  });

  it('has each transition once, and each phase', () => {
    const rows = documented();
    expect(rows.length).to.be.above(80);
    expect(new Set(rows).size).to.equal(rows.length);
    expect(new Set(rows.map((row) => row.split(' ')[0]))).to.deep.equal(new Set(phases()));
  });

  it('has every transition that the machine makes', () => {
    const rows = new Set(documented());
    expect([...observed].filter((one) => !rows.has(one)).sort()).to.deep.equal([]);
  });

  it('has no transition that the machine does not make', () => {
    expect(documented().filter((row) => !observed.has(row))).to.deep.equal([]);
  });

  it('has the arrows of the diagram, and no others', () => {
    const { edges, boxes } = diagram();
    const expected = new Set<string>();
    for (const row of documented()) {
      const parts = row.split(' ');
      const from = boxes.get(parts[0] as string);
      const to = boxes.get(parts.at(-1) as string);
      if (from !== to) expected.add(`${from} ${to}`);
    }
    expect([...edges].filter((edge) => !expected.has(edge))).to.deep.equal([]);
    expect([...expected].filter((edge) => !edges.has(edge))).to.deep.equal([]);
  });

  it('is followed by every command', () => {
    const [, list = ''] = section.split('| command |');
    const events = readFileSync(
      fileURLToPath(new URL('../../../../lib/engine/machine/events.ts', import.meta.url)),
      'utf8',
    );
    const [, type = ''] = events.split('export type Command =');
    const commands = [...`${type}${requestSteps()}`.matchAll(/do: '([\w-]+)'/g)].map(([, name]) => name);
    const rows = [...list.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => namesIn(cell));
    expect(new Set(rows)).to.deep.equal(new Set(commands));
  });
});

/** A request of the store is a command, too. */
function requestSteps(): string {
  const [, request = ''] = source.split('export interface Request');
  const [, steps = ''] = /readonly do: ([^;]+);/.exec(request) ?? [];
  return [...steps.matchAll(/'(\w+)'/g)].map(([, step]) => `do: '${step}'`).join(' ');
}
