import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Delivery } from '../guide/webhook-signatures.js';
import type { Provider } from '../guide/webhooks.js';

// Compiled specs run from .build/<mode>/, where the data beside their sources is not copied to.
const sources = new URL('../../../../spec/http/webhooks/', import.meta.url);

export const secrets: Readonly<Record<Provider, string>> = {
  stripe: 'whsec_of_the_endpoint',
  github: "It's a Secret to Everybody",
  shopify: 'shpss_client_secret',
  slack: '8f742231b10e8888abcd99yyyzzz85a5',
  twilio: '12345',
};

/** What a provider sends, as its pages document it. */
export interface Sent {
  /** The text of the body. */
  readonly text: string;
  /** What the provider says of the event in headers. */
  readonly headers: Readonly<Record<string, string>>;
}

const text = (file: string) => readFileSync(new URL(file, sources), 'utf8');

/** One event of each provider. */
export const events: Readonly<Record<Provider, Sent>> = {
  stripe: { text: text('stripe.json'), headers: {} },
  github: {
    text: text('github.json'),
    headers: {
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-github-event': 'issues',
      'x-github-hook-id': '292430182',
      'x-github-hook-installation-target-id': '79929171',
      'x-github-hook-installation-target-type': 'repository',
    },
  },
  shopify: {
    text: text('shopify.json'),
    headers: {
      'x-shopify-topic': 'orders/create',
      'x-shopify-shop-domain': 'exampleshop.myshopify.com',
      'x-shopify-api-version': '2025-07',
      'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
      'x-shopify-event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5',
      'x-shopify-triggered-at': '2023-03-29T18:00:27.877041743Z',
    },
  },
  slack: { text: text('slack.json'), headers: {} },
  twilio: {
    text: text('twilio.txt'),
    headers: { 'i-twilio-idempotency-token': 'b43f9d2e-5a0f-4a42-8f0e-6a5b5c1d2e3f' },
  },
};

const url = 'https://example.com/webhooks/twilio?tenant=1';
const mac = (algorithm: string, secret: string, signed: string, encoding: 'hex' | 'base64') =>
  createHmac(algorithm, secret).update(signed).digest(encoding);

/** The headers that a provider adds to the attempt of that number, by which it differs from other attempts. */
const signatures: Readonly<
  Record<Provider, (text: string, secret: string, attempt: number, at: number) => Record<string, string>>
> = {
  stripe: (body, secret, _attempt, at) => ({
    'stripe-signature': `t=${at},v1=${mac('sha256', 'of an older secret', `${at}.${body}`, 'hex')},v1=${mac('sha256', secret, `${at}.${body}`, 'hex')},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39`,
  }),
  github: (body, secret, attempt) => ({
    'x-hub-signature': `sha1=${mac('sha1', secret, body, 'hex')}`,
    'x-hub-signature-256': `sha256=${mac('sha256', secret, body, 'hex')}`,
    'user-agent': `GitHub-Hookshot/044aad${attempt}`,
  }),
  shopify: (body, secret) => ({ 'x-shopify-hmac-sha256': mac('sha256', secret, body, 'base64') }),
  slack: (body, secret, attempt, at) => ({
    'x-slack-request-timestamp': `${at}`,
    'x-slack-signature': `v0=${mac('sha256', secret, `v0:${at}:${body}`, 'hex')}`,
    ...(attempt > 0 && { 'x-slack-retry-num': `${attempt}`, 'x-slack-retry-reason': 'http_timeout' }),
  }),
  twilio: (body, secret) => {
    const fields = [...new URLSearchParams(body)].sort(([one], [other]) => (one < other ? -1 : 1));
    return { 'x-twilio-signature': mac('sha1', secret, url + fields.flat().join(''), 'base64') };
  },
};

/** The delivery of that number of an event: 0 is the first one. The signing clock goes on by a minute with each. */
export function deliver(provider: Provider, { text, headers }: Sent, attempt = 0, secret?: string): Delivery {
  // Of Stripe's body this is all that changes: how many endpoints still wait for the event.
  const sent = text.replace('"pending_webhooks": 2', `"pending_webhooks": ${2 - Math.min(attempt, 2)}`);
  const at = Math.floor(Date.now() / 1000) - 60 + 60 * Math.min(attempt, 2);
  const own = signatures[provider](sent, secret ?? secrets[provider], attempt, at);
  return { url, headers: { ...headers, ...own }, body: Buffer.from(sent) };
}

/** The event with other texts in its body, and other headers. */
export function changed(
  { text, headers }: Sent,
  change: {
    readonly texts?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Sent {
  let result = text;
  for (const [from, to] of Object.entries(change.texts ?? {})) {
    if (!result.includes(from)) throw new Error(`the body has no ${from}`);
    result = result.replaceAll(from, to);
  }
  return { text: result, headers: { ...headers, ...change.headers } };
}
