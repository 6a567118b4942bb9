import type { Load } from '../suite/test-application.js';

/** A payment, as the server answers it. */
export interface Payment {
  readonly id: string;
  readonly amount: number;
}

/** An HTTP client that retries by itself, as its users set it up. */
export interface RetryingClient {
  readonly title: string;
  /** Whether it retries an answer that broke off in the middle. */
  readonly retriesCutAnswers: boolean;
  /** Whether it retries 409 after `Retry-After`. */
  readonly retries409: boolean;
  /** Returns what pays once, with a key of its own for each payment. */
  connect(port: number, load: Load): Promise<(amount: number) => Promise<Payment>>;
}

export const clients: readonly RetryingClient[] = [
  {
    title: 'stripe',
    retriesCutAnswers: false,
    retries409: true,
    async connect(port, load) {
      const { default: Stripe } = await load('stripe');
      const options = { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 4, telemetry: false };
      const stripe = new Stripe('sk_test_1', options);
      // It makes a key for each request that it may retry, and sends the same with each retry.
      return (amount) => stripe.paymentIntents.create({ amount, currency: 'eur' });
    },
  },
  {
    title: 'undici, with its RetryAgent',
    retriesCutAnswers: false,
    retries409: true,
    async connect(port, load) {
      const { Agent, RetryAgent, request } = await load('undici');
      const dispatcher = new RetryAgent(new Agent(), {
        methods: ['POST'],
        statusCodes: [409, 429, 500, 502, 503, 504],
        minTimeout: 10,
        maxRetries: 4,
      });
      return async (amount) => {
        const { statusCode, body } = await request(`http://127.0.0.1:${port}/v1/payment_intents`, {
          method: 'POST',
          dispatcher,
          headers: { 'idempotency-key': crypto.randomUUID(), 'content-type': 'application/json' },
          body: JSON.stringify({ amount }),
        });
        const answer = await body.json();
        if (statusCode >= 400) throw new Error(`status ${statusCode}`);
        return answer;
      };
    },
  },
  {
    title: 'axios, with axios-retry',
    retriesCutAnswers: true,
    retries409: true,
    async connect(port, load) {
      const { default: axios } = await load('axios');
      const { default: axiosRetry, isNetworkError, isRetryableError, retryAfter } = await load('axios-retry');
      const client = axios.create({ baseURL: `http://127.0.0.1:${port}` });
      axiosRetry(client, {
        retries: 4,
        retryDelay: (_count: number, error: unknown) => retryAfter(error) || 10,
        // By itself it retries no POST. With a key it may.
        retryCondition: (error: {
          readonly response?: { readonly status: number };
          readonly code?: string;
        }) =>
          isNetworkError(error) ||
          isRetryableError(error) ||
          error.response === undefined ||
          error.response.status === 409 ||
          // An answer that broke off has the status that it began with.
          (error.code === 'ERR_BAD_RESPONSE' && error.response.status < 400),
      });
      return async (amount) => {
        const headers = { 'idempotency-key': crypto.randomUUID() };
        const { data } = await client.post('/v1/payment_intents', { amount }, { headers });
        return data;
      };
    },
  },
  {
    title: 'got',
    retriesCutAnswers: true,
    retries409: true,
    async connect(port, load) {
      const { default: got } = await load('got');
      const client = got.extend({
        prefixUrl: `http://127.0.0.1:${port}`,
        retry: {
          limit: 4,
          methods: ['POST'],
          statusCodes: [409, 429, 500, 502, 503, 504],
          calculateDelay: ({ computedValue }: { readonly computedValue: number }) =>
            computedValue && Math.min(computedValue, 1_000),
        },
      });
      return (amount) =>
        client
          .post('v1/payment_intents', {
            json: { amount },
            headers: { 'idempotency-key': crypto.randomUUID() },
          })
          .json();
    },
  },
];
