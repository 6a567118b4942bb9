import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';

const path = '/pre-fund/holds';

/** An API Gateway REST event as AWS sends it: its body is JSON text, and every delivery bears ids of its own. */
export function apiGatewayEvent(body: object): APIGatewayProxyEvent {
  const requestId = randomUUID();
  const headers = {
    'Content-Type': 'application/json',
    Host: 'api.example.com',
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
        accountId: null,
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
