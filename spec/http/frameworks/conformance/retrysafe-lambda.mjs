// `idempotentEndpoint` of retrysafe/lambda on a function behind an HTTP API. The gateway is a small server that makes an event of
// each request, and an answer of each result.
import { createServer } from 'node:http';
import { InMemoryStore } from 'retrysafe';
import { idempotentEndpoint } from 'retrysafe/lambda';
import { listening } from './shared/listening.mjs';
import { makePayments, paths } from './shared/payments.mjs';

export const name = 'retrysafe/lambda, HTTP API';

export async function start() {
  const payments = makePayments();
  const userOf = ({ headers }) => payments.authenticate(headers.authorization);

  const handler = idempotentEndpoint(
    async (event) => {
      if (event.requestContext.http.method !== 'POST') return [];
      const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (event.rawPath === paths.files) {
        const body = payments.upload(bytes).toString('base64');
        const headers = { 'content-type': 'application/octet-stream' };
        return { statusCode: 201, headers, body, isBase64Encoded: true };
      }
      const { status, headers, body } = await payments.pay(JSON.parse(bytes.toString()), event.rawPath);
      const type = { 'content-type': 'application/json' };
      return { statusCode: status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
    },
    { store: new InMemoryStore(), scope: userOf, problemTypes: 'https://api.example.com/problems/' },
  );

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === paths.effects) return response.end(JSON.stringify({ effects: payments.effects }));
    const event = await eventOf(request);
    // The gateway's authorizer.
    if (!userOf(event)) return response.writeHead(401).end('Who are you?');
    send(response, await handler(event, { awsRequestId: 'a', getRemainingTimeInMillis: () => 29_000 }));
  });
  return listening(server);
}

async function eventOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { pathname, search } = new URL(request.url, 'http://localhost');
  const headers = Object.fromEntries(
    Object.entries(request.headersDistinct).map(([header, lines]) => [header, lines.join(',')]),
  );
  return {
    version: '2.0',
    routeKey: `${request.method} ${pathname}`,
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers,
    requestContext: { http: { method: request.method, path: pathname }, stage: '$default' },
    ...(chunks.length > 0 && { body: Buffer.concat(chunks).toString('base64') }),
    isBase64Encoded: chunks.length > 0,
  };
}

/** A result without a status is the body of an answer with 200. */
function send(response, result) {
  const whole = result?.statusCode === undefined ? { statusCode: 200, body: JSON.stringify(result) } : result;
  response.writeHead(whole.statusCode, whole.headers);
  response.end(Buffer.from(whole.body ?? '', whole.isBase64Encoded ? 'base64' : 'utf8'));
}
