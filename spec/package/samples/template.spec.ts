import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { queueTiming } from 'retrysafe/queues';
import { sqsSettings } from 'retrysafe/sqs';
import { fixture } from '../../support/fixture.js';
import { definition } from './application.js';
import { mode, root } from './compiled.js';
import { ofType, readTemplate } from './template.js';

const template = readTemplate();
const { Resources } = template;
const functions = ofType(template, 'AWS::Serverless::Function');

describe(`the sample's template, beside ${mode} decorators`, () => {
  it('refers to nothing that is not there', () => {
    const known = new Set([...Object.keys(template.Parameters), ...Object.keys(Resources)]);
    for (const name of referencesIn(template)) expect(known).to.include(name);
    for (const name of conditionsIn(template)) expect(template.Conditions).to.have.property(name);
  });

  it('creates the table that the store’s own definition describes, with TTL and point-in-time recovery', () => {
    const { Properties, DeletionPolicy, UpdateReplacePolicy } = Resources.IdempotencyTable ?? {};
    const { createTable, updateTimeToLive } = definition;
    const { TableName: _, ...table } = createTable;
    expect(Properties).to.deep.equal({
      ...table,
      TimeToLiveSpecification: updateTimeToLive.TimeToLiveSpecification,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    expect({ DeletionPolicy, UpdateReplacePolicy }).to.deep.equal({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('keeps refunds for ever, unlike records', () => {
    const { Properties, DeletionPolicy } = Resources.RefundsTable ?? {};
    expect(DeletionPolicy).to.equal('Retain');
    expect(Properties).not.to.have.property('TimeToLiveSpecification');
    expect(Properties.PointInTimeRecoverySpecification).to.deep.equal({ PointInTimeRecoveryEnabled: true });
  });

  it('runs on Node.js 22', () => {
    expect(template.Globals.Function.Runtime).to.equal('nodejs22.x');
    for (const [name, { Properties, Metadata }] of functions) {
      expect(Properties, name).not.to.have.property('Runtime');
      expect(Metadata.BuildProperties.Target, name).to.equal('node22');
    }
  });

  it('hides a message for six times as long as the consumer may run, by settings that fit each other', () => {
    const { Properties: queue } = Resources.SettlementQueue ?? {};
    const workTime = Resources.SettlementConsumerFunction?.Properties.Timeout;
    expect(queue.VisibilityTimeout).to.be.at.least(6 * workTime);
    const { deadLetterTargetArn, maxReceiveCount } = queue.RedrivePolicy;
    const timing = queueTiming({
      visibilityTimeout: queue.VisibilityTimeout,
      maxReceives: maxReceiveCount,
      workTime,
    });
    expect(queue).to.deep.equal(sqsSettings(timing, deadLetterTargetArn).properties);
    // The service computes the options of its method from the same numbers.
    const service = readFileSync(join(root, 'samples/pre-fund/app/pre-fund-service.ts'), 'utf8');
    const [, given = ''] = /queueTiming\(\{([^}]*)\}/.exec(service) ?? [];
    for (const [name, value] of Object.entries({
      visibilityTimeout: queue.VisibilityTimeout,
      maxReceives: maxReceiveCount,
      workTime,
    }))
      expect(given).to.contain(`${name}: ${value},`);
  });

  it('moves a message that fails again and again out of the way, and keeps it for longer there', () => {
    const { Properties: queue } = Resources.SettlementQueue ?? {};
    const target = queue.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'];
    expect(target).to.deep.equal(['FailedSettlementQueue', 'Arn']);
    expect(queue.RedrivePolicy.maxReceiveCount).to.be.at.least(5);
    const retention = Resources.FailedSettlementQueue?.Properties.MessageRetentionPeriod;
    expect(retention).to.be.greaterThan(queue.MessageRetentionPeriod);
  });

  it('lets a consumer fail single messages of a batch', () => {
    const { Settlements } = Resources.SettlementConsumerFunction?.Properties.Events ?? {};
    expect(Settlements.Properties.FunctionResponseTypes).to.deep.equal(['ReportBatchItemFailures']);
    expect(Settlements.Properties.Queue).to.deep.equal({ 'Fn::GetAtt': ['SettlementQueue', 'Arn'] });
  });

  it('ends the HTTP function before API Gateway gives it up', () => {
    expect(Resources.PreFundApiFunction?.Properties.Timeout).to.be.lessThan(29);
  });

  it('gives each state of the workflow longer than its function has', () => {
    const timeout = Resources.WorkflowStepFunction?.Properties.Timeout;
    for (const state of tasks()) expect(state.TimeoutSeconds).to.be.greaterThan(timeout);
  });

  it('hands the ids of execution and state to each step of the workflow', () => {
    for (const { Parameters } of tasks()) {
      expect(Parameters.Payload).to.include({
        'execution.$': '$$.Execution.Name',
        'state.$': '$$.State.Name',
      });
    }
    expect(Resources.FundingWorkflow?.Properties.Type).to.equal('EXPRESS');
  });

  it('lets the workflow invoke the function that its states name, with all that it asks for', () => {
    const { Policies, DefinitionSubstitutions } = Resources.FundingWorkflow?.Properties ?? {};
    const invoked = { FunctionName: { Ref: 'WorkflowStepFunction' } };
    expect(Policies).to.deep.equal([{ LambdaInvokePolicy: invoked }]);
    expect(DefinitionSubstitutions).to.deep.equal({
      WorkflowStepArn: { 'Fn::GetAtt': ['WorkflowStepFunction', 'Arn'] },
    });
    for (const { Parameters } of tasks()) {
      expect(Parameters.FunctionName).to.equal('$' + '{WorkflowStepArn}');
      const fields = Object.keys(Parameters.Payload).map((field) => field.replace('.$', ''));
      expect(fields).to.have.members(Object.keys(fixture<object>('request/events/step-functions.json')));
    }
  });

  it('has a workflow in which every state is reached and the last one ends it', () => {
    const { StartAt, States } = Resources.FundingWorkflow?.Properties.Definition ?? {};
    const reached = [];
    for (let name = StartAt; name; name = States[name].Next) reached.push(name);
    expect(reached).to.deep.equal(Object.keys(States));
    expect(States[reached.at(-1) as string].Type).to.equal('Succeed');
  });

  it('admits only known callers', () => {
    expect(Resources.PreFundApi?.Properties.Auth.DefaultAuthorizer).to.equal('AWS_IAM');
  });
});

function tasks() {
  // biome-ignore lint/suspicious/noExplicitAny: states of every type
  const states: any[] = Object.values(Resources.FundingWorkflow?.Properties.Definition.States ?? {});
  return states.filter(({ Type }) => Type === 'Task');
}

/** What a template's values refer to, but for what AWS itself has. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .flatMap(([name, part]) => {
      if (name === 'Ref') return [part as string];
      if (name === 'Fn::GetAtt') return [part[0] as string];
      if (name === 'Fn::Sub')
        return [...(part as string).matchAll(/\$\{([^}]+)\}/g)].map(([, one]) => one as string);
      return referencesIn(part);
    })
    .filter((name) => !name.startsWith('AWS::'));
}

function conditionsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(conditionsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    name === 'Fn::If' ? [part[0] as string] : conditionsIn(part),
  );
}
