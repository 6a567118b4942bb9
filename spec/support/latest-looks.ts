import sinon from 'sinon';

/** How long a notice may take, in milliseconds: whoever hears none looks two seconds after the look before. */
export const atOnce = 1_900;

/** Has calls that hear no notice look as late as they ever do, so that a slow machine is not taken for a lost notice. */
export function useLatestLooks(): void {
  let chance: sinon.SinonStub;
  beforeEach(() => {
    chance = sinon.stub(Math, 'random').returns(1 - Number.EPSILON);
  });
  afterEach(() => chance.restore());
}
