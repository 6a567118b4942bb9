import type { APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';
import { InMemoryStore } from 'retrysafe';
import { IdempotentEndpoint } from 'retrysafe/lambda';

const store = new InMemoryStore(); // in production a store that all instances of the function share

export const payments: { id: string; amount: number }[] = [];

class PaymentsApi {
  // The authorizer of API Gateway comes before the function: a replay needs it like a first call.
  @IdempotentEndpoint({ store, scope: (event) => event.requestContext.authorizer.jwt.claims.sub })
  async handle({ body }: APIGatewayProxyEventV2WithJWTAuthorizer, _context: Context) {
    const payment = { id: crypto.randomUUID(), amount: JSON.parse(body ?? '{}').amount };
    payments.push(payment);
    const headers = { 'Content-Type': 'application/json', Location: `/payments/${payment.id}` };
    return { statusCode: 201, headers, body: JSON.stringify(payment) };
  }
}

const api = new PaymentsApi();
export const handler = (event: APIGatewayProxyEventV2WithJWTAuthorizer, context: Context) =>
  api.handle(event, context);
