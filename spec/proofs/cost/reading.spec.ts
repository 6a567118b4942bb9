import { expect } from 'chai';
import { keyReader } from '../../support/key-of.js';

const list = (megabytes: number, element: (index: number) => string): string => {
  const size = element(0).length + 1;
  return `[${Array.from({ length: Math.floor((megabytes * 1e6) / size) }, (_, index) => element(index)).join()}]`;
};

/** Bodies of so many megabytes, of what JSON.parse may have rounded. */
const bodies: Readonly<Record<string, (megabytes: number) => string>> = {
  'integers of twenty digits': (size) => list(size, (index) => `123456789${1e9 + index}7`),
  'integers of sixteen digits': (size) =>
    list(size, (index) => String(9_007_199_254_740_993n + 2n * BigInt(index))),
  'objects with integers of nineteen digits': (size) =>
    list(size, (index) => `{"id":123456789${1e9 + index},"wei":987654321${1e9 + index}}`),
  'fractions of eighteen digits': (size) => list(size, (index) => `${1e9 + index}.00000001`),
  'numbers with exponents': (size) => list(size, (index) => `${1e3 + (index % 1_000)}e399`),
};

/** The processor time that something takes, in microseconds. It grows little where others use the machine as well. */
async function cost(act: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const median = (costs: readonly number[]) =>
  [...costs].sort((a, b) => a - b)[costs.length >> 1] ?? Number.NaN;

describe('the key of a small part of a large body', function () {
  this.timeout(120_000);

  for (const [what, make] of Object.entries(bodies)) {
    for (const megabytes of what.startsWith('integers of twenty') ? [6, 10] : [6]) {
      it(`costs at most three times the JSON.parse of the body: ${megabytes} MB of ${what}`, async () => {
        const body = `{"first":${make(megabytes)},"id":12345678901234567890}`;
        const event = { requestContext: {}, isBase64Encoded: false, headers: {}, body };
        const key = keyReader({ key: 'body.id' });
        const costs: { parse: number; key: number }[] = [];
        for (let round = 0; round < 5; round += 1)
          costs.push({ parse: await cost(() => JSON.parse(body)), key: await cost(() => key(event)) });
        expect(median(costs.map((one) => one.key / one.parse))).to.be.at.most(3);
      });
    }
  }

  it('costs no more for a part that is deep in the body than for one that is not', async () => {
    const key = keyReader({ key: 'body' });
    const whole = (depth: number) => {
      const items = `12345678901234567890${',{"a":"b"}'.repeat(60_000)}`;
      const body = `${'['.repeat(depth)}${items}${']'.repeat(depth)}`;
      return cost(() => key({ requestContext: {}, isBase64Encoded: false, headers: {}, body }));
    };
    const costs: { deep: number; flat: number }[] = [];
    for (let round = 0; round < 5; round += 1) costs.push({ flat: await whole(2), deep: await whole(700) });
    expect(median(costs.map((one) => one.deep / one.flat))).to.be.at.most(3);
  });

  it('is the same for a number after the list as without the list', async () => {
    const event = (body: string) => ({ requestContext: {}, isBase64Encoded: false, headers: {}, body });
    const key = keyReader({ key: '[body.id, body.first[1000]]' });
    const whole = `{"first":${bodies['integers of twenty digits']?.(1)},"id":12345678901234567890}`;
    expect(await key(event(whole))).to.equal(
      await key({
        body: {
          id: 12_345_678_901_234_567_890n,
          first: Object.assign([], { 1000: 12_345_678_910_000_010_007n }),
        },
      }),
    );
  });
});
