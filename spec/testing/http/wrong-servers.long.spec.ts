import { expect } from 'chai';
import {
  type HttpConformanceOptions,
  type HttpConformanceReport,
  runHttpConformance,
} from 'retrysafe/testing';
import { type Flaw, flaws, PaymentServer } from './payment-server.js';

/** All that the kit can be told about a payment server. */
const everything: HttpConformanceOptions = {
  authentication: { Authorization: 'Bearer one' },
  otherIdentity: { Authorization: 'Bearer two' },
  errorBody: { amount: -1 },
  slowUrl: '/payments/slow',
  otherUrl: '/refunds',
  binaryUrl: '/files',
  effects: '/effects',
  timeout: 5,
};

async function reportOf(flaw?: Flaw): Promise<HttpConformanceReport> {
  const server = await PaymentServer.start(flaw);
  try {
    return await runHttpConformance(server.url, everything);
  } finally {
    await server.stop();
  }
}

function failed({ results }: HttpConformanceReport): readonly string[] {
  return results.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id);
}

describe('the HTTP conformance kit, proven by wrong servers', () => {
  it('passes a correct server in every check', async () => {
    const { results } = await reportOf();
    expect(results.filter(({ outcome }) => outcome !== 'passed')).to.deep.equal([]);
    expect(results).to.have.length(37);
  });

  for (const [flaw, checks] of Object.entries(flaws)) {
    it(`finds a server that ${flaw}, by the checks that are meant to`, async () => {
      const report = await reportOf(flaw as Flaw);
      expect(
        failed(report),
        JSON.stringify(
          report.results.filter(({ detail }) => detail),
          null,
          1,
        ),
      ).to.have.members([...checks]);
    });
  }

  it('has a wrong server for each check', async () => {
    const found = new Set<string>(Object.values(flaws).flat());
    const { results } = await reportOf();
    expect(results.filter(({ id }) => !found.has(id)).map(({ id }) => id)).to.deep.equal([]);
  });
});
