import { expect } from 'chai';
import { scenarios } from './scenarios.js';
import { explore } from './search.js';

describe('The driver, in every order of microtasks, answers, ends, timers and notices', () => {
  for (const scenario of scenarios) {
    it(`keeps its rules: ${scenario.name}`, async function () {
      this.timeout(60_000);
      const { violation, trace, histories } = await explore(scenario);
      expect(violation, `${violation}:\n  ${trace.join('\n  ')}`).to.equal(undefined);
      expect(histories).to.be.above(10);
    });
  }
});
