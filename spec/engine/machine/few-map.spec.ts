import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { collectGarbage } from '../../support/heap.js';

type Entries = Pick<Map<number, string>, 'get' | 'set' | 'delete' | 'size' | 'values'> &
  Iterable<[number, string]>;

const modules = fileURLToPath(new URL('../../../modules/engine/machine/', import.meta.url));
const { FewMap }: { FewMap: new () => Entries } = createRequire(import.meta.url)(`${modules}few-map.js`);

const key = fc.integer({ min: 1, max: 4 });
const change = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, value: fc.string({ maxLength: 2 }) }),
  fc.record({ do: fc.constant('delete' as const), key, value: fc.constant('') }),
);

describe('the map of few entries', () => {
  it('does what a Map does, whatever order of entries it has', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const few = new FewMap();
        const map = new Map<number, string>();
        for (const { do: what, key: at, value } of changes) {
          if (what === 'delete') expect(few.delete(at)).to.equal(map.delete(at));
          else {
            few.set(at, value);
            map.set(at, value);
          }
          expect(few.size).to.equal(map.size);
          for (const one of [1, 2, 3, 4]) expect(few.get(one)).to.equal(map.get(one));
          expect([...few].sort(([a], [b]) => a - b)).to.deep.equal([...map].sort(([a], [b]) => a - b));
          expect([...few.values()].sort()).to.deep.equal([...map.values()].sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  // V8 makes the table of a Map anew every so many deletions, and a table that it has put aside leads to the next one. Here an
  // iterator holds the first of them.
  it('lets go of what was deleted, also where a table that was put aside has it', async () => {
    const few = new FewMap() as unknown as Map<number, object>;
    const refs: WeakRef<object>[] = [];
    const add = (id: number) => {
      const value = { id };
      refs.push(new WeakRef(value));
      few.set(id, value);
    };
    for (let id = 0; id < 100; id += 1) add(id);
    const iterator = few[Symbol.iterator]();
    iterator.next();
    iterator.next();
    for (let id = 100; id < 1_000; id += 1) {
      add(id);
      few.delete(id - 100);
    }
    // A new WeakRef holds its target until the end of this turn.
    await setImmediate();
    collectGarbage();
    const kept = refs.filter((ref) => ref.deref() !== undefined);
    expect(few.size).to.equal(100);
    // The iterator may have the one that it stands at.
    expect(kept.length).to.be.within(100, 101);
    expect(iterator.next().done).to.equal(false);
  });
});
