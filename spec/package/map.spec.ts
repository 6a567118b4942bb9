import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** One line of the map. A name that ends in `/` is a folder and stands for all of its files. */
interface Rule {
  readonly rule: string;
  readonly files: readonly string[];
  readonly specs: readonly string[];
  readonly proofs: readonly string[];
}

function readMap(): readonly Rule[] {
  const [, map = ''] = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').split(/^## The map$/m);
  const [section = ''] = map.split(/^## /m);
  const rows = section.matchAll(/^\| (?!rule \|)(.+?) \| (`.+?) \| (.*?) \| (.*?) \|$/gm);
  return [...rows].map(([, rule = '', ...cells]) => {
    const [files = [], specs = [], proofs = []] = cells.map(namesIn);
    return { rule, files, specs, proofs };
  });
}

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

function filesOfLib(): readonly string[] {
  const lib = join(root, 'lib');
  return readdirSync(lib, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(lib, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

describe('the map in CONTRIBUTING.md', () => {
  const map = readMap();

  it('has a line for each of forty rules or more, and each rule once', () => {
    expect(map.length).to.be.at.least(40);
    expect(new Set(map.map(({ rule }) => rule)).size).to.equal(map.length);
  });

  it('leads from each rule to files and specs that exist', () => {
    for (const { rule, files, specs } of map) {
      expect(files, rule).not.to.be.empty;
      expect(specs, rule).not.to.be.empty;
      for (const file of files) expect(existsSync(join(root, 'lib', file)), `lib/${file}`).to.equal(true);
      for (const spec of specs) expect(existsSync(join(root, 'spec', spec)), `spec/${spec}`).to.equal(true);
    }
  });

  it('has one place for each rule of the protocol that is easily kept twice', () => {
    const rules = [
      'a released, abandoned or unknown key is taken over',
      'a claim lapses by one formula',
      'a fingerprint must not differ',
      'a call has one budget for all its waiting',
      'a Lambda invocation ends a call in time',
      'a store that fails leads to an error, or to an open run',
      'an unknown outcome is said to be unknown',
      'a lease is renewed, and ends',
    ];
    for (const one of rules) expect(map.find(({ rule }) => rule === one)?.files, one).to.have.lengthOf(1);
  });

  it('names proofs that npm runs', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const { rule, proofs } of map) {
      for (const proof of proofs) expect(scripts, rule).to.have.property(proof);
    }
  });

  it('has every file of lib/, by itself or by its folder', () => {
    const named = map.flatMap(({ files }) => files);
    const isNamed = (file: string) =>
      named.some((name) => name === file || (name.endsWith('/') && file.startsWith(name)));
    const files = filesOfLib();
    expect(files).not.to.be.empty;
    expect(files.filter((file) => !isNamed(file))).to.deep.equal([]);
  });
});

describe('the words in docs/architecture.md', () => {
  it('explain types that lib/ has', () => {
    const [, rest = ''] = readFileSync(join(root, 'docs/architecture.md'), 'utf8').split(
      '### Results inside the engine',
    );
    const [section = ''] = rest.split(/^## /m);
    const types = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, type = '']) => type);
    expect(types).not.to.be.empty;
    const sources = filesOfLib().map((file) => readFileSync(join(root, 'lib', file), 'utf8'));
    for (const type of types) {
      const declaration = new RegExp(`^export (type|interface) ${type}\\b`, 'm');
      expect(
        sources.some((text) => declaration.test(text)),
        type,
      ).to.equal(true);
    }
  });
});
