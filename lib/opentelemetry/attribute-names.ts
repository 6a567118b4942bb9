/** The attributes of spans and metrics. docs/reference/telemetry.md says what each is. */
export const attributeNames = {
  operation: 'retrysafe.operation',
  key: 'retrysafe.key',
  outcome: 'retrysafe.outcome',
  attempt: 'retrysafe.attempt',
  code: 'retrysafe.code',
  waited: 'retrysafe.waited',
  ran: 'retrysafe.ran',
  link: 'retrysafe.link',
  after: 'retrysafe.after',
  step: 'retrysafe.step',
  as: 'retrysafe.as',
  option: 'retrysafe.option',
  store: 'retrysafe.store',
  status: 'retrysafe.status',
  /** Of the semantic conventions. */
  errorType: 'error.type',
} as const;
