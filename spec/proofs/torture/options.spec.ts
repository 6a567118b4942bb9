import { expect } from 'chai';
import { optionsOf } from './options.js';

describe('the options of the torture', () => {
  it('are two minutes on all stores, unless others are given', () => {
    expect(optionsOf([])).to.deep.include({
      seconds: 120,
      stores: ['dynamodb', 'redis', 'postgres', 'sqlite'],
      isNamed: false,
    });
    expect(optionsOf(['--seconds', '30', '--store', 'sqlite,redis', '--seed', '7'])).to.deep.include({
      seconds: 30,
      stores: ['redis', 'sqlite'],
      isNamed: true,
      seed: 7,
    });
  });

  const wrong: readonly [readonly string[], RegExp][] = [
    [['--seconds', '2m'], /^--seconds 2m: expected a whole number/],
    [['--seconds', '5'], /^--seconds 5: expected 20 or more/],
    [['--store', 'redis,mongo'], /^--store mongo: expected some of dynamodb,redis,postgres,sqlite$/],
    [['--seed', '-1'], /seed/],
    [['--minutes', '2'], /--minutes/],
  ];
  for (const [args, message] of wrong) {
    it(`refuse ${args.join(' ')}, and say what would be right`, () => {
      expect(() => optionsOf(args)).to.throw(TypeError, message);
    });
  }
});
