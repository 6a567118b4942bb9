import { channel, tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { type CallOutcome, type CallTrace, InMemoryStore, makeIdempotent } from 'retrysafe';
import { eventNames } from '../../support/recorded-events.js';
import { ApplicationParts } from './application.js';
import { mode } from './compiled.js';
import { ofType, readTemplate } from './template.js';

interface Line {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

interface Alarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

const outcomes: readonly CallOutcome[] = [
  ...(['remembered', 'released', 'unknown', 'unrecorded', 'replayed', 'refused', 'failed'] as const),
];

/** Lets a call end in this way. */
function end(outcome: CallOutcome): Promise<unknown> {
  const trace: CallTrace = { operation: 'Bank.pay', key: 'Bank.pay#1', outcome, waited: 0.5 };
  return tracingChannel<unknown, CallTrace>('retrysafe:call').tracePromise(async () => {}, trace);
}

const template = readTemplate();
const alarms = ofType(template, 'AWS::CloudWatch::Alarm');
const queues = ofType(template, 'AWS::SQS::Queue');

describe(`the sample's metrics and alarms, with ${mode} decorators`, () => {
  const lines: Line[] = [];

  before(async function () {
    this.timeout(60_000);
    const parts = await ApplicationParts.load();
    const stop = parts.startMetrics((line) => lines.push(JSON.parse(line)));
    const event = { operation: 'Bank.pay', key: 'Bank.pay#1', attempt: 1, duration: 0.1 };
    for (const name of eventNames) channel(`retrysafe:${name}`).publish(event);
    for (const outcome of outcomes) await end(outcome);
    const settings = { name: 'Bank.pay', key: 'id', store: new InMemoryStore() };
    await makeIdempotent(async (_order: { readonly id: string }) => 'paid', settings)({ id: 'o-1' });
    stop();
    channel('retrysafe:claim-lost').publish(event);
    await end('refused');
  });

  it('are there for what became of each call, and for each event that says more', () => {
    const names = lines.map(({ _aws }) => _aws.CloudWatchMetrics[0]?.Metrics[0]?.Name);
    expect(names).to.have.members([
      ...['Completed', 'Remembered', 'Released', 'Unknown', 'Unrecorded', 'Replayed', 'Refused', 'Failed'],
      ...['TakenOver', 'ClaimLost', 'OutcomeNotStored', 'StoreFailed'],
    ]);
  });

  it('say how long a call waited, and ran', () => {
    const refused = lines.find((line) => 'Refused' in line);
    expect(refused).to.include({ Waited: 0.5 });
    expect(refused).not.to.have.property('Ran');
    expect(lines.find((line) => 'Completed' in line)?.Ran).to.be.within(0, 5);
  });

  it('are lines in CloudWatch’s embedded metric format, whose values and dimensions are there', () => {
    for (const line of lines) {
      const [definition, ...others] = line._aws.CloudWatchMetrics;
      expect(others).to.be.empty;
      expect(Math.abs(line._aws.Timestamp - Date.now())).to.be.lessThan(60_000);
      for (const { Name, Unit } of definition?.Metrics ?? []) {
        if (Unit === 'Count') expect(line[Name]).to.equal(1);
        else expect([typeof line[Name], Unit]).to.deep.equal(['number', 'Seconds']);
      }
      for (const name of definition?.Dimensions.flat() ?? []) expect(line[name]).to.be.a('string');
      expect(line.Operation).to.equal('Bank.pay');
    }
  });

  it('have alarms on refused and unknown outcomes, and on such as were not stored', () => {
    const ours = [...alarms.values()].filter(({ Properties }) => Properties.Namespace === 'PreFund');
    expect(ours.map(({ Properties }) => Properties.MetricName)).to.have.members([
      'Refused',
      'Unknown',
      'OutcomeNotStored',
    ]);
    for (const { Properties } of ours) {
      expect(
        lines.some((line) => isEmittedBy(line, Properties)),
        Properties.MetricName,
      ).to.equal(true);
    }
  });

  it('have an alarm on messages that could not be settled', () => {
    const { Namespace, MetricName, Dimensions } = alarms.get('FailedSettlementAlarm')?.Properties ?? {};
    expect([Namespace, MetricName]).to.deep.equal(['AWS/SQS', 'ApproximateNumberOfMessagesVisible']);
    const [queue] = Dimensions[0].Value['Fn::GetAtt'];
    const { RedrivePolicy } = queues.get('SettlementQueue')?.Properties ?? {};
    expect(RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0]).to.equal(queue);
  });

  it('rest while there is nothing to count', () => {
    for (const [name, { Properties }] of alarms) {
      expect(Properties.TreatMissingData, name).to.equal('notBreaching');
    }
  });
});

/** Whether a line that is written counts for the alarm: the same metric, with exactly its dimensions. */
function isEmittedBy(line: Line, alarm: Alarm): boolean {
  return line._aws.CloudWatchMetrics.some(
    ({ Namespace, Dimensions, Metrics }) =>
      Namespace === alarm.Namespace &&
      Metrics.some(({ Name }) => Name === alarm.MetricName) &&
      Dimensions.some(
        (names) =>
          names.length === alarm.Dimensions.length &&
          alarm.Dimensions.every(({ Name, Value }) => names.includes(Name) && line[Name] === Value),
      ),
  );
}
