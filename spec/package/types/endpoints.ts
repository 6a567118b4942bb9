// What IdempotentEndpoint and idempotentEndpoint infer, accept and refuse, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import type { ALBEvent, ALBResult, APIGatewayProxyEvent, APIGatewayProxyEventV2, APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyHandler, APIGatewayProxyHandlerV2, APIGatewayProxyResult, APIGatewayProxyStructuredResultV2, Context, LambdaFunctionURLEvent } from 'aws-lambda';
import type { Abandoned, PersistenceStore } from 'retrysafe';
import { type RequestParts, type ResponseFacts, responseOutcome } from 'retrysafe/http';
import { type EndpointOptions, IdempotentEndpoint, idempotentEndpoint } from 'retrysafe/lambda';
import { memory, ok, type Same } from './kit.js';

type Jwt = APIGatewayProxyEventV2WithJWTAuthorizer;
declare const anyOptions: EndpointOptions;

export class Accepted {
  store: PersistenceStore = memory;
  private tenant = 't1';

  @IdempotentEndpoint({ store: memory, scope: (event) => { ok<Same<typeof event, Jwt>>(); return event.requestContext.authorizer.jwt.claims.sub; } })
  async http(event: Jwt, context: Context): Promise<APIGatewayProxyStructuredResultV2> { return { statusCode: context.awsRequestId.length, body: event.rawPath }; }

  @IdempotentEndpoint({ scope: async (event) => { ok<Same<typeof event, APIGatewayProxyEvent>>(); return event.requestContext.identity.accountId; } })
  async rest(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> { return { statusCode: 200, body: event.path }; }

  @IdempotentEndpoint({ scope: 'public' })
  async alb(event: ALBEvent, _context: Context): Promise<ALBResult> { return { statusCode: 200, body: event.path }; }

  @IdempotentEndpoint({ scope: ({ headers }) => headers['x-user'] })
  async url(_event: LambdaFunctionURLEvent) { return { ok: true }; }

  @IdempotentEndpoint({
    scope(event) { ok<Same<typeof this, Accepted>>(); ok<Same<typeof event, APIGatewayProxyEventV2>>(); return this.tenant; },
    store: (self) => { ok<Same<typeof self, Accepted>>(); return self.store; },
    isOutcome(response) { ok<Same<typeof response, ResponseFacts>>(); return this.tenant !== ''; },
    fingerprint: (parts, event) => { ok<Same<typeof parts, RequestParts>>(); ok<Same<typeof event, APIGatewayProxyEventV2>>(); return parts.body; },
    onAbandoned(abandoned, event) {
      ok<Same<typeof abandoned, Abandoned>>(); ok<Same<typeof event, APIGatewayProxyEventV2>>();
      return this.tenant === '' ? 'run' : { value: responseOutcome({ status: 201 }) };
    },
    name: 'payments', header: 'X-Key', required: false, ttl: '24h', wait: 0, lease: '10s', renewFor: '1m', maxKey: 10, maxRequest: 1, maxBody: 1, maxInFlight: 1,
    onFailure: 'unknown', unscopedStatus: 403, problemTypes: 'urn:x:', errors: 'framework', enabled: true,
  })
  async everything(event: APIGatewayProxyEventV2, _context: Context) { return event.rawPath; }

  @IdempotentEndpoint({ scope: 'public' }) static async static(event: APIGatewayProxyEventV2) { return event.rawPath; }
  @IdempotentEndpoint(anyOptions) async loose(event: APIGatewayProxyEventV2) { return event.rawPath; }
}

const api = new Accepted();
export const rest: APIGatewayProxyHandler = (event) => api.rest(event);
export const http: APIGatewayProxyHandlerV2 = (event, context) => api.everything(event, context);
const fn = idempotentEndpoint(async (event: APIGatewayProxyEventV2, _context: Context) => event.rawPath, { scope: (event) => { ok<Same<typeof event, APIGatewayProxyEventV2>>(); return event.rawPath; } });
ok<Same<typeof fn, (event: APIGatewayProxyEventV2, context: Context) => Promise<string>>>();

export class Refused {
  // @ts-expect-error no options
  @IdempotentEndpoint() async none(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error no scope
  @IdempotentEndpoint({ store: memory }) async unscoped(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error a scope that no caller has
  @IdempotentEndpoint({ scope: (event) => event.requestContext }) async object(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error no such property of the event
  @IdempotentEndpoint({ scope: (event) => event.httpMethod }) async property(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error the option of @Idempotent
  @IdempotentEndpoint({ scope: 'public', key: 'body.id' }) async key(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error what is found is no response
  @IdempotentEndpoint({ scope: 'public', onAbandoned: () => ({ value: { statusCode: 200 } }) }) async found(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error no promise
  @IdempotentEndpoint({ scope: 'public' }) sync(event: APIGatewayProxyEventV2) { return event.rawPath; }
  // @ts-expect-error a field
  @IdempotentEndpoint({ scope: 'public' }) field = async (event: APIGatewayProxyEventV2) => event.rawPath;
}
// @ts-expect-error a class
@IdempotentEndpoint({ scope: 'public' }) export class RefusedClass {}
// @ts-expect-error no promise
idempotentEndpoint((event: APIGatewayProxyEventV2) => event.rawPath, { scope: 'public' });
