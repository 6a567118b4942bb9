import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { WrongOption } from '../../support/command-line.js';
import { thrown } from '../../support/rejection.js';
import { type Finding, proofFinding, specs, specsFinding, tests } from './checkers.js';
import { check } from './checking.js';
import { compileFaults } from './compiling.js';
import { type Change, type Mutant, mutated, OutOfDate } from './mutant.js';
import { mutants } from './mutants.js';
import { optionsOf } from './options.js';
import { PackageCopy, removeCopies, root, runs, sourceOf } from './package-copy.js';
import { verdictOn } from './trial.js';
import { functionsOf, untouched, untouchedIn } from './untouched.js';

const file = 'lib/process/shared.ts' as const;

function mutant(...changes: readonly [Change, ...Change[]]): Mutant {
  return { name: 'a mutant', flaw: 'It is wrong.', changes, caughtBy: [specs('engine/call/ttl')] };
}

describe('a mutant', () => {
  const read = () => 'one two two';

  it('changes text that occurs once, also in the result of its own changes', () => {
    const texts = mutated(
      mutant({ file, replace: 'one', by: 'three' }, { file, replace: 'three two', by: 'four' }),
      read,
    );
    expect([...texts]).to.deep.equal([[file, 'four two']]);
  });

  for (const [where, replace] of [
    ['nowhere', 'five'],
    ['twice', 'two'],
  ] as const) {
    it(`is out of date where what it replaces is there ${where}`, () => {
      const error = thrown(() => mutated(mutant({ file, replace, by: '' }), read));
      expect(error).to.be.instanceOf(OutOfDate);
      expect((error as Error).message)
        .to.include('a mutant')
        .and.to.include(file);
    });
  }
});

describe('the mutants of this project', () => {
  it('are thirty or more, each with a name of its own and its flaw in one sentence', () => {
    expect(mutants.length).to.be.at.least(30);
    expect(new Set(mutants.map(({ name }) => name)).size).to.equal(mutants.length);
    for (const { name, flaw } of mutants) {
      expect(name).to.match(/^[a-z0-9-]+$/);
      expect(flaw).to.match(/^[A-Z][^.]*\.$/);
    }
  });

  it('fit the sources as they are, and change them', () => {
    for (const one of mutants) {
      for (const [path, text] of mutated(one, sourceOf)) expect(text, one.name).not.to.equal(sourceOf(path));
    }
  });

  it('name specs that exist', () => {
    for (const { caughtBy } of mutants) {
      for (const checker of caughtBy) {
        if (checker.kind !== 'specs') continue;
        for (const path of checker.files)
          expect(existsSync(join(root, 'spec', `${path}.spec.ts`)), path).to.equal(true);
      }
    }
  });
});

describe('copies of the package', () => {
  it('stay while the run goes on that made them, whatever other runs do', () => {
    const running = join(runs, String(process.ppid));
    const ended = join(runs, '999999999');
    for (const folder of [running, ended]) mkdirSync(folder, { recursive: true });
    removeCopies();
    expect([existsSync(running), existsSync(ended)]).to.deep.equal([true, false]);
    rmdirSync(running);
  });
});

describe('functions that no mutant changes yet', () => {
  const source = `export interface Shape {
  area(
    unit: string,
  ): number;
}

export function outer(first: number): number {
  const inner = (part: number) => {
    return part + 1;
  };
  return inner(first);
}

export class Circle {
  readonly radius = 1;

  constructor(
    readonly name: string,
  ) {
    if (name === '') throw new TypeError();
  }

  get area(): number {
    return this.radius;
  }

  async #grow(by: number): Promise<void> {
    await by;
  }
}

export const phases = {
  running: {
    enter(step: Step) {
      go(
        step,
      );
    },
  },
};
`;

  it('are listed, with nested and private ones and the rules of phases', () => {
    expect(functionsOf(source)).to.deep.equal([
      { name: 'outer', from: 7, to: 12 },
      { name: 'inner', from: 8, to: 10 },
      { name: 'constructor', from: 17, to: 21 },
      { name: 'area', from: 23, to: 25 },
      { name: '#grow', from: 27, to: 29 },
      { name: 'enter', from: 34, to: 38 },
    ]);
  });

  it('do not include a function that a mutant changes, or one around it', () => {
    const left = untouchedIn(source, ['return part + 1;', "    if (name === '') throw new TypeError();\n"]);
    expect(left.map(({ name }) => name)).to.deep.equal(['area', '#grow', 'enter']);
  });

  it('are searched in the library and in the samples', () => {
    const all = [...untouched([]).keys()];
    expect(all)
      .to.include('lib/engine/machine/leasing.ts')
      .and.to.include('samples/pre-fund/app/core-bank.ts');
    expect(
      untouched([])
        .get('lib/engine/machine/leasing.ts')
        ?.map(({ name }) => name),
    ).to.include.members(['renew', 'readWrite']);
    expect(
      untouched(mutants)
        .get('lib/engine/machine/leasing.ts')
        ?.map(({ name }) => name) ?? [],
    ).not.to.include('readWrite');
  });
});

describe('a checker of mutants', function () {
  this.timeout(60_000);
  const copies: PackageCopy[] = [];
  after(() => {
    for (const copy of copies) copy.remove();
  });

  function copyOf(name: string, ...changes: readonly Change[]): PackageCopy {
    const [first, ...more] = changes;
    const sources = first
      ? mutated(mutant(first, ...more), sourceOf)
      : new Map([[file, sourceOf(file)] as const]);
    const copy = new PackageCopy(name, sources);
    copies.push(copy);
    copy.writeSources();
    return copy;
  }

  async function finding(copy: PackageCopy, checker = specs('engine/call/ttl')): Promise<Finding> {
    await copy.build();
    return check(copy, checker);
  }

  const day: Change = {
    file: 'lib/engine/machine/records.ts',
    replace: 'record.expiresAt <= now.wall) return false',
    by: 'false) return false',
  };

  it('catches a flaw, and says by which test', async () => {
    const found = await finding(copyOf('flawed', day));
    expect(found.kind).to.equal('caught');
    expect('by' in found && found.by[0]).to.match(/^how long an outcome is kept/);
  });

  it('finds no flaw in the library as it is', async () => {
    expect(await finding(copyOf('sound'))).to.deep.equal({ kind: 'passed' });
  });

  it('does not count a library that cannot be loaded, or that calls a missing function, as caught', async () => {
    const head = 'export function isOutcomeOf(';
    const thrower: Change = {
      file: 'lib/engine/machine/records.ts',
      replace: head,
      by: `throw new Error('at once');\n${head}`,
    };
    expect((await finding(copyOf('unloadable', thrower))).kind).to.equal('broken');
    const missing: Change = {
      file: 'lib/engine/operation.ts',
      replace: 'const store = storeFor(',
      by: 'const store = storeOf(',
    };
    expect((await finding(copyOf('incomplete', missing))).kind).to.equal('broken');
  });

  it('is pending where it has nothing to run, and broken where its spec is missing', async () => {
    const copy = copyOf('asked');
    expect((await finding(copy, tests('engine/call/ttl', 'a title that no test has'))).kind).to.equal(
      'pending',
    );
    expect((await check(copy, specs('no-such'))).kind).to.equal('broken');
  });

  it('learns first what does not compile, in which mutant', () => {
    const untyped: Change = {
      file: 'lib/engine/machine/records.ts',
      replace: 'record.expiresAt <= now.wall) return',
      by: 'record.expiry <= now.wall) return',
    };
    const faults = compileFaults([copyOf('untyped', untyped), copyOf('typed', day)]);
    expect(faults).to.have.length(1);
    expect(faults[0]).to.match(/^untyped\/lib\/engine\/machine\/records\.ts.*expiry/);
  });
});

describe('the end of a proof', () => {
  it('is a violation only by its exit code and its words together', () => {
    expect(
      proofFinding({ code: 1, output: 'VIOLATION: one runner: 2 of them: a, b\nnpm run x' }),
    ).to.deep.equal({
      kind: 'caught',
      by: ['one runner'],
      words: '2 of them: a, b',
    });
    const repeated = proofFinding({ code: 1, output: 'one runner: 2 of them\nnpm run simulate -- --seed 1' });
    expect(repeated.kind).to.equal('caught');
    expect(proofFinding({ code: 0, output: '' })).to.deep.equal({ kind: 'passed' });
    for (const code of [1, 2, null]) {
      expect(proofFinding({ code, output: 'SyntaxError: oh' }).kind).to.equal('broken');
    }
    expect(proofFinding({ code: 2, output: 'VIOLATION: x: y' }).kind).to.equal('broken');
    expect(specsFinding({ code: 1, output: 'Error: oh' }, undefined).kind).to.equal('broken');
  });

  it('decides about a mutant only where it is a catch', () => {
    const caught: Finding = { kind: 'caught', by: ['a test'], words: '' };
    const broken: Finding = { kind: 'broken', why: '' };
    const passed: Finding = { kind: 'passed' };
    const verdict = (...findings: readonly Finding[]) =>
      verdictOn({
        mutant: mutants[0] as Mutant,
        findings: findings.map((finding) => ({ checker: 'a checker', finding })),
      });
    expect(verdict(passed, caught)).to.equal('caught');
    expect(verdict(passed, passed)).to.equal('SURVIVED');
    expect(verdict(passed, broken)).to.equal('BROKEN');
    expect(verdict({ kind: 'pending', why: '' })).to.equal('PENDING');
    expect(verdict()).to.equal('PENDING');
  });
});

describe('the options of `npm run mutants`', () => {
  it('choose mutants by name, and how many run at a time', () => {
    const { mutants: chosen, jobs } = optionsOf(['--only=lease-without-renewal', '--jobs=1'], mutants);
    expect(chosen.map(({ name }) => name)).to.deep.equal(['lease-without-renewal']);
    expect(jobs).to.equal(1);
    expect(optionsOf([], mutants)).to.include({ mutants, controlEvery: 1 });
    expect(optionsOf(['--control-every=8', '--every=3'], mutants)).to.include({ controlEvery: 8, every: 3 });
  });

  for (const wrong of [
    '--only=none',
    '--jobs=0',
    '--jobs=many',
    '--control-every=0',
    '--every=0',
    '--quick',
  ]) {
    it(`are refused where they are wrong: ${wrong}`, () => {
      const error = thrown(() => optionsOf([wrong], mutants));
      expect(error).to.be.instanceOf(WrongOption);
      expect((error as Error).message).to.include(wrong.split('=')[0]);
    });
  }
});
