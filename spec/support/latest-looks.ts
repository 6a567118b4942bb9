import sinon from 'sinon';

/**
 * How long a notice may take, in milliseconds. A call that hears none reads again two seconds after its last read, and a spec
 * may begin to measure a few hundred milliseconds after that read.
 */
export const atOnce = 1_500;

/** Lets calls that hear no notice read as late as they ever do, so that a slow machine is not taken for a lost notice. */
export function useLatestLooks(): void {
  let chance: sinon.SinonStub;
  beforeEach(() => {
    chance = sinon.stub(Math, 'random').returns(1 - Number.EPSILON);
  });
  afterEach(() => chance.restore());
}
