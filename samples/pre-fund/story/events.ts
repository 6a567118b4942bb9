import { createHash, randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, Context, SQSEvent } from 'aws-lambda';

/** An API Gateway REST event as AWS sends it: its body is JSON text, and every delivery has ids of its own. */
export function apiGatewayEvent(path: string, key: string, body: object): APIGatewayProxyEvent {
  const requestId = randomUUID();
  const headers = {
    'Content-Type': 'application/json',
    Host: 'api.example.com',
    'Idempotency-Key': `"${key}"`,
    'X-Amzn-Trace-Id': requestId,
  };
  return {
    resource: path,
    path,
    httpMethod: 'POST',
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'qnvi1kpaw7',
      authorizer: null,
      domainName: 'api.example.com',
      httpMethod: 'POST',
      identity: {
        accessKey: null,
        accountId: '210987654321',
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '192.0.2.1',
        user: null,
        userAgent: 'sender/1.0',
        userArn: null,
      },
      path: `/prod${path}`,
      protocol: 'HTTP/1.1',
      requestId,
      requestTimeEpoch: Date.now(),
      resourceId: '3nq1cq',
      resourcePath: path,
      stage: 'prod',
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** A batch of an SQS queue as Lambda delivers it: message ids stay, whatever is delivered how often. */
export function sqsEvent(messages: Readonly<Record<string, string>>, receiveCount = 1): SQSEvent {
  const Records = Object.entries(messages).map(([messageId, body]) => ({
    messageId,
    receiptHandle: randomUUID(),
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(Date.now()),
      SenderId: 'AIDAIENQZJOLO23YVJ4VO',
      ApproximateFirstReceiveTimestamp: String(Date.now()),
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:settlements',
    awsRegion: 'eu-west-1',
  }));
  return { Records };
}

/** What the state machine of template.yaml hands to a state: two names of its context object, and the order. */
export function stepInput(execution: string, state: string, order: { accountId: string; cents: number }) {
  return { execution, state, ...order };
}

/** The context of one invocation, which ends `timeout` milliseconds from now. */
export function lambdaContext(timeout = 29_000): Context {
  const endsAt = Date.now() + timeout;
  const functionName = 'pre-fund';
  return {
    awsRequestId: randomUUID(),
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${functionName}`,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'main',
    memoryLimitInMB: '256',
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
    done() {},
    fail() {},
    succeed() {},
  };
}
