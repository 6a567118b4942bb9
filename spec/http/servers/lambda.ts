import type { ServerUnderTest, TestApplication } from '../suite/test-application.js';
import {
  type Any,
  type Gateway,
  type LambdaHandler,
  type Route,
  regExpOf,
  serveLambda,
} from './lambda-gateway.js';

const titles: Readonly<Record<Gateway, string>> = {
  rest: 'a REST API',
  http: 'an HTTP API',
  url: 'a function URL',
  alb: 'a load balancer',
  'alb-lists': 'a load balancer with multi-value headers',
};

/** Where each of them tells who the caller is. */
const scopes: Readonly<Record<Gateway, (event: Any) => string | undefined>> = {
  rest: (event) => event.requestContext.authorizer?.principalId,
  http: (event) => event.requestContext.authorizer?.jwt.claims.sub,
  url: (event) => event.requestContext.authorizer?.iam.callerId,
  alb: (event) => event.headers['x-amzn-oidc-identity'],
  'alb-lists': (event) => event.multiValueHeaders['x-amzn-oidc-identity']?.[0],
};

const streams = 'a function whose response is recorded returns it whole';

/** `retrysafe/lambda` behind each kind of gateway. */
export function lambdaServer(gateway: Gateway): ServerUnderTest {
  return {
    title: `retrysafe/lambda behind ${titles[gateway]}`,
    native: ['/payments/base64'],
    frameworkError: { status: 422, text: /^FingerprintError$/ },
    without: {
      '/stream': streams,
      '/download': streams,
      '/broken': streams,
      '/validated': 'nothing validates before the handler',
      ...(gateway === 'alb' && {
        '(several header lines)':
          'a load balancer passes the last line on, unless it has multi-value headers',
      }),
      ...(gateway !== 'rest' &&
        gateway !== 'alb-lists' && {
          '(several header lines of an answer)': 'the result has one value for each header',
        }),
      ...((gateway === 'url' || gateway.startsWith('alb')) && { '(patterns)': 'there are no routes' }),
    },
    async start(application, load) {
      const { IdempotentEndpoint } = await load('retrysafe/lambda');
      const { responseOutcome } = await load('retrysafe/http');
      const { currentExecution } = await load('retrysafe');
      const routes = handlers(application, gateway, { currentExecution, responseOutcome });
      const { store, options } = application;

      class Api {
        @IdempotentEndpoint({ store, scope: scopes[gateway], ...options })
        async handle(event: Any, _context: unknown): Promise<unknown> {
          const method = event.httpMethod ?? event.requestContext.http.method;
          const path = event.path ?? event.rawPath;
          if (method === 'GET' || method === 'HEAD') return json(200, { ok: true });
          const found = routes.find(([one, pattern]) => one === method && regExpOf(pattern).test(path));
          if (!found) return { statusCode: 404, body: '' };
          const [, pattern, handle] = found;
          const [, parameter] = regExpOf(pattern).exec(path) ?? [];
          return inForm(gateway, await handle(event, parameter));
        }
      }
      const api = new Api();
      const handler = withHeaders(gateway, (event, context) => api.handle(event, context));
      return serveLambda(gateway, [...routes.map(([method, pattern]): Route => [method, pattern])], handler);
    },
  };
}

/** A wrapper such as Middy's: it answers errors, and gives each result headers. */
function withHeaders(gateway: Gateway, handler: LambdaHandler): LambdaHandler {
  let remaining = 1_000_000;
  return async (event, context) => {
    const result = await handler(event, context).catch(({ name, statusCode = 500 }) =>
      inForm(gateway, { statusCode, body: name }),
    );
    remaining -= 1;
    const headers = {
      'X-Request-Id': crypto.randomUUID(),
      'Access-Control-Allow-Origin': '*',
      'X-Rate-Limit-Remaining': String(remaining),
    };
    const own = inForm(gateway, { headers });
    const { headers: singles, multiValueHeaders: lists } = result as Any;
    return {
      ...(result as object),
      ...(own.headers && { headers: { ...singles, ...own.headers } }),
      ...(own.multiValueHeaders && { multiValueHeaders: { ...lists, ...own.multiValueHeaders } }),
    };
  };
}

/** The same result in the form that a load balancer with multi-value headers takes. */
function inForm(gateway: Gateway, { headers, ...result }: Any): Any {
  if (gateway !== 'alb-lists' || headers === undefined) return headers ? { ...result, headers } : result;
  const lists = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return { ...result, multiValueHeaders: { ...Object.fromEntries(lists), ...result.multiValueHeaders } };
}

function json(statusCode: number, body: unknown, headers: object = {}): Any {
  return {
    statusCode,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

type Handler = (event: Any, parameter: string | undefined) => Promise<Any>;

interface Library {
  readonly currentExecution: typeof import('retrysafe').currentExecution;
  readonly responseOutcome: typeof import('retrysafe/http').responseOutcome;
}

function handlers(
  application: TestApplication,
  gateway: Gateway,
  { currentExecution, responseOutcome }: Library,
): (readonly [method: string, pattern: string, handler: Handler])[] {
  const run = () => application.run();
  const hasLists = gateway === 'rest' || gateway === 'alb-lists';
  const pay: Handler = async ({ body, isBase64Encoded }) => {
    const number = await run();
    const { amount } = JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body);
    const headers = { Location: `/payments/${number}`, 'X-Run': String(number) };
    return json(201, { run: number, amount }, headers);
  };
  const created: Handler = async () => json(201, { run: await run() });
  const text = async (type: string, body: string, statusCode = 200) => ({
    statusCode,
    headers: { 'Content-Type': type },
    body,
  });
  return [
    ['POST', '/payments', pay],
    [
      'POST',
      '/payments/base64',
      async (...args) => {
        const { body, ...result } = await pay(...args);
        return { ...result, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
      },
    ],
    ['PUT', '/payments', async () => json(200, { run: await run() })],
    ['POST', '/accounts/{id}/payments', async (_, id) => json(201, { run: await run(), account: id })],
    ['POST', '/open/payments', created],
    ['POST', '/upload', created],
    ['POST', '/text', async () => text('text/plain', `run ${await run()}`)],
    [
      'POST',
      '/html',
      async () => {
        const page = await text('text/html; charset=utf-8', `<p>run ${await run()}</p>`, 202);
        const links = ['<a>; rel=x', '<b>; rel=y'];
        if (hasLists) return { ...page, multiValueHeaders: { Link: links } };
        return { ...page, headers: { ...page.headers, Link: links.join(', ') } };
      },
    ],
    [
      'POST',
      '/nothing',
      async () => {
        await run();
        return { statusCode: 204 };
      },
    ],
    [
      'POST',
      '/redirect',
      async () => ({ statusCode: 303, headers: { Location: `/payments/${await run()}` } }),
    ],
    [
      'POST',
      '/bytes',
      async () => {
        const last = await run();
        const bytes = Buffer.from(Array.from({ length: 257 }, (_, index) => (index === 256 ? last : index)));
        const result = await text('application/octet-stream', bytes.toString('base64'));
        return { ...result, isBase64Encoded: true };
      },
    ],
    ['POST', '/status/{status}', async (_, status) => json(Number(status), { run: await run() })],
    [
      'POST',
      '/private',
      async () => {
        const number = await run();
        const cookie = `session=${number}`;
        const is2 = gateway === 'http' || gateway === 'url';
        const result = json(
          200,
          { run: number },
          { Connection: 'keep-alive', ...(!is2 && { 'Set-Cookie': cookie }) },
        );
        return is2 ? { ...result, cookies: [cookie] } : result;
      },
    ],
    [
      'POST',
      '/large',
      async () => {
        await run();
        return text('text/plain', 'x'.repeat(400_000));
      },
    ],
    [
      'POST',
      '/execution',
      async () => {
        await run();
        const { key, attempt, signal } = currentExecution();
        application.see(signal);
        return json(200, { key, attempt });
      },
    ],
    [
      'POST',
      '/completion',
      async () => {
        const number = await run();
        const outcome = responseOutcome({ status: 201, body: { run: number } });
        const { record, token } = await currentExecution().completion(outcome);
        await application.store.replace(record, token);
        return json(201, { run: number });
      },
    ],
  ];
}
