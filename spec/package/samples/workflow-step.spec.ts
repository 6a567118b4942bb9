import type { Context } from 'aws-lambda';
import { expect } from 'chai';
import { useDynamoDB } from '../../support/dynamodb.js';
import { fixture } from '../../support/fixture.js';
import { invocation } from '../../support/invocation.js';
import { rejection } from '../../support/rejection.js';
import { useSample } from './application.js';
import { mode } from './compiled.js';
import { ofType, readTemplate } from './template.js';

interface StepInput {
  readonly execution: string;
  readonly state: string;
  readonly accountId: string;
  readonly cents: number;
}

const input = fixture<StepInput>('request/events/step-functions.json');

/** The names of errors after which the state machine enters a state again, for each state. */
function retriedNames(): string[][] {
  const [workflow] = ofType(readTemplate(), 'AWS::Serverless::StateMachine').values();
  const states: { readonly Retry?: readonly { readonly ErrorEquals: string[] }[] }[] = Object.values(
    workflow?.Properties.Definition.States,
  );
  return states.flatMap(({ Retry }) => (Retry ? [Retry.flatMap(({ ErrorEquals }) => ErrorEquals)] : []));
}

function context(): Context {
  return invocation(30_000) as Context;
}

describe(`the sample's step of a workflow, with ${mode} decorators`, () => {
  const dynamoDB = useDynamoDB();
  const sample = useSample(dynamoDB);

  async function enter(more: Partial<StepInput> = {}): Promise<string> {
    return (await sample.application.step.handle({ ...input, ...more }, context())).holdId;
  }

  it('answers a state that is entered again with the same hold, in another process too', async () => {
    const hold = await sample.application.step.handle(input, context());
    sample.restart();
    expect(await sample.application.step.handle(input, context())).to.deep.equal(hold);
    expect(sample.bank.bank.ledger).to.have.length(1);
  });

  it('places a hold of its own for another state, and for another execution', async () => {
    const holdIds = [
      await enter(),
      await enter({ state: 'HoldFee', cents: 150 }),
      await enter({ execution: `${input.execution}-2` }),
    ];
    expect(new Set(holdIds).size).to.equal(3);
    expect(new Set(sample.bank.bank.ledger.map(({ transactionId }) => transactionId)).size).to.equal(3);
  });

  for (const part of ['execution', 'state'] as const) {
    it(`refuses an input without its ${part}, and asks no other system`, async () => {
      const { [part]: _, ...rest } = input;
      expect(await rejection(sample.application.step.handle(rest, context()))).to.include({
        name: 'KeyError',
      });
      expect(sample.bank.bank.ledger).to.be.empty;
    });
  }

  it('asks the bank what became of a state whose answer was lost', async () => {
    sample.bank.interception = async (_, carryOut) => {
      await carryOut();
      return { status: 504 };
    };
    await rejection(enter());
    let asked = 0;
    sample.bank.interception = (_, carryOut) => {
      asked += 1;
      return carryOut();
    };
    expect(await enter()).to.equal('H-1');
    expect(asked, 'further requests to place it').to.equal(0);
  });

  it('refuses another amount in the same state of the same execution', async () => {
    await enter();
    expect(await rejection(enter({ cents: 1 }))).to.include({ name: 'FingerprintError' });
  });

  it('is entered again after each failure that may pass, by the name that the state machine knows it by', async () => {
    sample.bank.bank.outages = 1;
    const away = await rejection(enter());
    sample.bank.interception = async () => ({ status: 504 });
    const silent = await rejection(enter());
    const ended = await rejection(sample.application.step.handle(input, invocation(400) as Context));
    const names = [away, silent, ended].map((error) => (error as Error).name);
    expect(names).to.deep.equal(['BankUnavailable', 'BankSilent', 'InProgressError']);
    const crashed = ['Runtime.ExitError', 'Sandbox.Timedout', 'States.Timeout', 'Lambda.Unknown'];
    expect(retriedNames()).to.have.length(2);
    for (const retried of retriedNames()) {
      expect(retried).to.include.members([...names, 'StoreError', 'ClaimLostError', ...crashed]);
    }
  });
});
