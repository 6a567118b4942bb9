/** A message attribute, as `@aws-sdk/client-sqs` has it. */
export interface SqsAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

/** What is called of the client `SQS` of `@aws-sdk/client-sqs` 3. */
export interface SqsClient {
  changeMessageVisibility(input: {
    QueueUrl: string;
    ReceiptHandle: string;
    VisibilityTimeout: number;
  }): Promise<unknown>;
  sendMessage(input: {
    QueueUrl: string;
    MessageBody: string;
    MessageAttributes: Record<string, SqsAttribute>;
    MessageGroupId?: string;
    MessageDeduplicationId?: string;
  }): Promise<unknown>;
}

/** A message that SQS has delivered. */
export interface SqsMessage {
  readonly id: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, SqsAttribute>>;
  /** Its group, where it has one. */
  readonly groupId: string | undefined;
  /** How often it was received, this time included. */
  readonly receives: number;
  /** When its method began, by the steady clock. */
  readonly begunAt: number;
}
