import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

type State = Readonly<Record<string, unknown>>;

// Not exported by the package: only the engine asks for these fields.
const file = fileURLToPath(new URL('../../modules/record/record.js', import.meta.url));
const { unknownFields, readState }: Functions = createRequire(import.meta.url)(file);

interface Functions {
  unknownFields(state: State): State;
  readState(record: { readonly state: unknown }): State;
}

const shared = { format: 1, attempt: 3, fencingToken: 1_790_000_000_000, fingerprint: 'a digest' };
const ordinary: Record<string, State> = {
  'in progress': { ...shared, status: 'in-progress', startedAt: 1, leaseUntil: 2 },
  completed: { ...shared, status: 'completed', completedAt: 1, outcome: { kind: 'value', json: 1 } },
  unknown: { ...shared, status: 'unknown' },
  released: { ...shared, status: 'released' },
};

describe('the fields of a record that this version does not know', () => {
  for (const [status, state] of Object.entries(ordinary)) {
    it(`are none in a record that this version writes: ${status}`, () => {
      expect(readState({ state })).to.equal(state);
      expect(unknownFields(state)).to.deep.equal({});
    });

    it(`are what another version has added to one that is ${status}, as it is`, () => {
      const steps = [{ name: 'reserve', outcome: { kind: 'value', json: 'R-1' } }];
      expect(unknownFields({ steps, ...state, note: null })).to.deep.equal({ steps, note: null });
      expect(unknownFields({ steps, ...state }).steps).to.equal(steps);
    });
  }

  it('are one frozen object for all records that have none, so that nothing is allocated', () => {
    const answers = Object.values(ordinary).map(unknownFields);
    expect(new Set(answers).size).to.equal(1);
    expect(answers[0]).to.be.frozen;
  });

  it('may be named like something that every object has', () => {
    const state: State = JSON.parse(
      `{ "__proto__": { "polluted": true }, "constructor": 1, ${JSON.stringify(ordinary.unknown).slice(1)}`,
    );
    const fields = unknownFields(state);
    expect(Object.keys(fields)).to.have.members(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(fields)).to.equal(Object.prototype);
    expect(JSON.stringify({ ...fields })).to.equal('{"__proto__":{"polluted":true},"constructor":1}');
  });

  it('are not what a program has added to the prototype of all objects', () => {
    Object.defineProperty(Object.prototype, 'added', { value: 1, enumerable: true, configurable: true });
    const answers = [ordinary.unknown, ordinary.released].map((state) => unknownFields({ ...state }));
    Reflect.deleteProperty(Object.prototype, 'added');
    expect(new Set(answers).size).to.equal(1);
    expect(answers[0]).to.deep.equal({});
  });
});
