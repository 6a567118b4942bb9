import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { ConfigurationError, FingerprintError, InMemoryStore, OutcomeUnknownError } from 'retrysafe';
import { idempotency } from 'retrysafe/express';
import { abandon, FailingStore } from 'retrysafe/testing';
import sinon from 'sinon';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { type Delivery, readers } from './guide/webhook-signatures.js';
import { type Provider, type WebhookEvent, Webhooks } from './guide/webhooks.js';
import { changed, deliver, events, type Sent, secrets } from './webhooks/deliveries.js';

/** The receiver of docs/guide/webhooks.md, with what it hands on. */
class Endpoint {
  readonly sent: WebhookEvent[] = [];
  readonly parked: string[] = [];
  /** What sending waits for, or rejects with. */
  sending: () => Promise<void> = async () => {};
  readonly store = new FailingStore(new InMemoryStore());
  readonly claims = sinon.spy(this.store, 'claim');
  readonly webhooks = new Webhooks(
    this.store,
    secrets,
    {
      send: async (event) => {
        await this.sending();
        this.sent.push(event);
      },
    },
    { send: async (_event, reason) => void this.parked.push(reason) },
  );

  receive(provider: Provider, sent: Sent, attempt = 0) {
    return this.webhooks.receive(provider, deliver(provider, sent, attempt));
  }
}

/** Changes of each provider's event, in the terms of the provider. */
interface Changes {
  /** Another event about the same thing. */
  readonly next: Sent;
  /** What no delivery of the event can be. */
  readonly another: Sent;
  /** An event of another account that has the same id. */
  readonly elsewhere: Sent;
}

const providers: Readonly<Record<Provider, Changes>> = {
  stripe: {
    next: changed(events.stripe, {
      texts: { evt_3MtwBwLkdIwHu7ix0snN0B15: 'evt_3MtwBwLkdIwHu7ix0aaa0000', '.succeeded': '.canceled' },
    }),
    another: changed(events.stripe, { texts: { '"amount": 2000': '"amount": 9000' } }),
    elsewhere: changed(events.stripe, {
      texts: { '"object": "event",': '"object": "event", "account": "acct_1032D82eZvKYlo2C",' },
    }),
  },
  github: {
    next: changed(events.github, {
      texts: { '"opened"': '"closed"' },
      headers: { 'x-github-delivery': '0b989ba4-242f-11e5-81e1-c7b6966d2516' },
    }),
    another: changed(events.github, { texts: { 'Found a bug': 'Found two' } }),
    elsewhere: changed(events.github, { headers: { 'x-github-hook-id': '300000000' } }),
  },
  shopify: {
    // The same action of a merchant, so the id of the event is the same.
    next: changed(events.shopify, {
      headers: {
        'x-shopify-topic': 'orders/paid',
        'x-shopify-webhook-id': 'c0ffee00-bdd9-4b37-8a5f-bf7d70bcd043',
      },
    }),
    // Too near for the numbers of JavaScript to tell them apart.
    another: changed(events.shopify, { texts: { '820982911946154508,': '820982911946154509,' } }),
    elsewhere: changed(events.shopify, { headers: { 'x-shopify-shop-domain': 'other.myshopify.com' } }),
  },
  slack: {
    next: changed(events.slack, { texts: { Ev123ABC456: 'Ev123ABC457', _added: '_removed' } }),
    another: changed(events.slack, { texts: { slightly_smiling_face: 'thumbsup' } }),
    elsewhere: changed(events.slack, { texts: { T123ABC456: 'T999ABC456' } }),
  },
  twilio: {
    next: changed(events.twilio, { texts: { 'Status=sent': 'Status=delivered' } }),
    another: changed(events.twilio, { texts: { '%2B15558675310': '%2B15558675399' } }),
    elsewhere: changed(events.twilio, { texts: { ACX: 'ACY' } }),
  },
};

for (const [name, { next, another, elsewhere }] of Object.entries(providers)) {
  const provider = name as Provider;
  const event = events[provider];

  describe(`webhooks of ${provider}`, () => {
    let endpoint: Endpoint;
    beforeEach(() => {
      endpoint = new Endpoint();
    });

    it('have one effect for an event that is delivered several times', async () => {
      const headers = new Set<string>();
      for (const attempt of [0, 1, 2, 3]) {
        headers.add(JSON.stringify(deliver(provider, event, attempt).headers));
        expect(await endpoint.receive(provider, event, attempt)).to.equal(200);
      }
      expect(endpoint.sent).to.have.length(1);
      // These two sign no time, and count no attempts.
      if (provider !== 'shopify' && provider !== 'twilio') expect(headers.size).to.be.greaterThan(2);
      expect(endpoint.parked).to.deep.equal([]);
    });

    it('have two effects for two events about the same thing', async () => {
      expect(await endpoint.receive(provider, event)).to.equal(200);
      expect(await endpoint.receive(provider, next)).to.equal(200);
      expect(endpoint.sent).to.have.length(2);
    });

    it('are set aside where an id comes back with something else, and not delivered again', async () => {
      await endpoint.receive(provider, event);
      expect(await endpoint.receive(provider, another, 1)).to.equal(200);
      expect(endpoint.sent).to.have.length(1);
      expect(endpoint.parked).to.have.length(1);
      expect(endpoint.parked[0]).to.match(/^FingerprintError: /);
    });

    it('get the outcome of the delivery that is under way', async () => {
      const sending = defer();
      endpoint.sending = () => sending.promise;
      const first = endpoint.receive(provider, event);
      const second = endpoint.receive(provider, event, 1);
      sending.resolve();
      expect(await Promise.all([first, second])).to.deep.equal([200, 200]);
      expect(endpoint.sent).to.have.length(1);
    });

    it('are delivered again after a failure, and then have their effect', async () => {
      endpoint.sending = () => Promise.reject(new Error('the queue is away'));
      expect(await endpoint.receive(provider, event)).to.equal(500);
      endpoint.sending = async () => {};
      expect(await endpoint.receive(provider, event, 1)).to.equal(200);
      expect(await endpoint.receive(provider, event, 2)).to.equal(200);
      expect(endpoint.sent).to.have.length(1);
    });

    it('are refused before any record is made where the signature is forged', async () => {
      const signed = deliver(provider, event);
      const forged: Delivery[] = [
        deliver(provider, event, 0, 'a guessed secret'),
        { ...signed, body: Buffer.from(another.text) },
        { ...signed, headers: event.headers },
      ];
      for (const delivery of forged)
        expect(await endpoint.webhooks.receive(provider, delivery)).to.equal(401);
      expect(endpoint.sent).to.deep.equal([]);
      expect(endpoint.claims.callCount).to.equal(0);
    });

    it('of two accounts have an effect each, whatever their ids', async () => {
      expect(await endpoint.receive(provider, event)).to.equal(200);
      expect(await endpoint.receive(provider, elsewhere)).to.equal(200);
      expect(endpoint.sent).to.have.length(2);
      expect(endpoint.parked).to.deep.equal([]);
    });
  });
}

describe('the answer to a webhook', () => {
  let endpoint: Endpoint;
  beforeEach(() => {
    endpoint = new Endpoint();
  });

  it('lets the provider come back where a run is longer than its patience', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now() });
    try {
      const sending = defer();
      endpoint.sending = () => sending.promise;
      const first = endpoint.receive('slack', events.slack);
      const second = endpoint.receive('slack', events.slack, 1);
      await clock.tickAsync(2_000); // Slack waits for 3 seconds
      expect(await second).to.equal(503);
      sending.resolve();
      expect(await first).to.equal(200);
      expect(endpoint.sent).to.have.length(1);
    } finally {
      clock.restore();
    }
  });

  it('lets the provider come back where the store is away', async () => {
    endpoint.store.fail('claim', { times: Number.POSITIVE_INFINITY });
    expect(await endpoint.receive('stripe', events.stripe)).to.equal(503);
    endpoint.store.recover();
    expect(await endpoint.receive('stripe', events.stripe, 1)).to.equal(200);
    expect(endpoint.sent).to.have.length(1);
    expect(endpoint.parked).to.deep.equal([]);
  });

  it('lets the provider come back, for as long as it does, where the code has to be changed', async () => {
    const error = new ConfigurationError('the store is set up wrongly');
    endpoint.store.fail('claim', { times: Number.POSITIVE_INFINITY, error });
    expect(await endpoint.receive('shopify', events.shopify)).to.equal(500);
    endpoint.store.recover();
    expect(await endpoint.receive('shopify', events.shopify, 1)).to.equal(200);
    expect(endpoint.parked).to.deep.equal([]);
  });

  it('sets aside what has no id', async () => {
    const { 'x-github-delivery': _, ...headers } = events.github.headers;
    expect(await endpoint.receive('github', { ...events.github, headers })).to.equal(200);
    const call = {
      text: 'CallSid=CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX&AccountSid=ACX&CallStatus=ringing',
      headers: {},
    };
    expect(await endpoint.receive('twilio', call)).to.equal(200);
    expect(endpoint.sent).to.deep.equal([]);
    expect(endpoint.parked).to.have.length(2);
    for (const reason of endpoint.parked) expect(reason).to.match(/^KeyError: /);
  });

  it('is no success where the event could not be set aside', async () => {
    await endpoint.receive('slack', events.slack);
    sinon.stub(endpoint.webhooks.parked, 'send').rejects(new Error('the dead letters are away'));
    const failed = await rejection(endpoint.receive('slack', providers.slack.another, 1));
    expect(failed).to.have.property('message', 'the dead letters are away');
  });

  it('goes on after a crash', async () => {
    const delivery = deliver('stripe', events.stripe);
    const read = readers.stripe(delivery, secrets.stripe);
    await abandon(endpoint.webhooks, 'take', { provider: 'stripe', ...(read as NonNullable<typeof read>) });
    expect(await endpoint.receive('stripe', events.stripe, 1)).to.equal(200);
    expect(endpoint.sent).to.have.length(1);
  });
});

describe('signatures of webhooks', () => {
  let clock: sinon.SinonFakeTimers | undefined;
  afterEach(() => {
    clock?.restore();
    clock = undefined;
  });

  it("are those of the providers' pages", () => {
    const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
    const fields = { CallSid: 'CA1234567890ABCDE', Caller: '+12349013030', Digits: '1234' };
    const call = new URLSearchParams({ ...fields, From: '+12349013030', To: '+18005551212' });
    const twilio = {
      url,
      headers: { 'x-twilio-signature': '0/KCTR6DLpKmkAf8muzZqo1nDgQ=' },
      body: Buffer.from(call.toString()),
    };
    expect(readers.twilio(twilio, '12345')?.payload).to.include(fields);
    expect(readers.twilio(twilio, '12346')).to.equal(undefined);

    const sum = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const github = {
      url,
      headers: { 'x-hub-signature-256': `sha256=${sum}` },
      body: Buffer.from('Hello, World!'),
    };
    // Its signature is right, so it is read, and is no JSON.
    expect(() => readers.github(github, secrets.github)).to.throw(SyntaxError);
    expect(readers.github(github, 'another')).to.equal(undefined);

    clock = sinon.useFakeTimers({ now: 1_531_420_618_000 });
    const slack = {
      url,
      headers: {
        'x-slack-request-timestamp': '1531420618',
        'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      },
      body: Buffer.from(
        'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
      ),
    };
    expect(() => readers.slack(slack, secrets.slack)).to.throw(SyntaxError);
    expect(readers.slack(slack, 'another')).to.equal(undefined);
  });

  it('are refused when their time is past, and the next delivery has another one', async () => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const endpoint = new Endpoint();
    for (const provider of ['stripe', 'slack'] as const) {
      const delivery = deliver(provider, events[provider]);
      clock.tick(6 * 60_000);
      expect(await endpoint.webhooks.receive(provider, delivery)).to.equal(401);
      expect(await endpoint.receive(provider, events[provider], 1)).to.equal(200);
    }
    expect(endpoint.sent).to.have.length(2);
  });
});

describe('traps of webhooks', () => {
  it('Stripe: two events for one change have two ids, and two effects', async () => {
    const endpoint = new Endpoint();
    const twin = changed(events.stripe, {
      texts: { evt_3MtwBwLkdIwHu7ix0snN0B15: 'evt_3MtwBwLkdIwHu7ix1twin000' },
    });
    await endpoint.receive('stripe', events.stripe);
    await endpoint.receive('stripe', twin);
    expect(endpoint.sent).to.have.length(2);
  });

  it('GitHub: two webhooks of one event share its id, and have an effect each', async () => {
    const endpoint = new Endpoint();
    const ofApp = changed(events.github, {
      texts: { '"action": "opened",': '"action": "opened", "installation": { "id": 234 },' },
      headers: { 'x-github-hook-id': '300000000', 'x-github-hook-installation-target-type': 'integration' },
    });
    await endpoint.receive('github', events.github);
    expect(await endpoint.receive('github', ofApp)).to.equal(200);
    expect(endpoint.sent).to.have.length(2);
    expect(endpoint.parked).to.deep.equal([]);
  });

  it('an unknown outcome is for a person, and the provider need not come back', async () => {
    const endpoint = new Endpoint();
    endpoint.sending = () => Promise.reject(new OutcomeUnknownError('it may have been sent'));
    expect(await endpoint.receive('slack', events.slack)).to.equal(200);
    expect(endpoint.parked[0]).to.match(/^OutcomeUnknownError: /);
  });

  it('the same id with another payload is refused as such', async () => {
    const { webhooks } = new Endpoint();
    const event = { provider: 'stripe', account: 'own', id: 'evt_1', payload: {} } as const;
    await webhooks.take({ ...event, compared: ['charge.succeeded', { amount: 1 }] });
    const error = await rejection(webhooks.take({ ...event, compared: ['charge.succeeded', { amount: 2 }] }));
    expect(error).to.be.instanceOf(FingerprintError);
  });
});

describe('webhooks by an adapter of HTTP', () => {
  let server: Server;
  const taken: unknown[] = [];

  before(async () => {
    const app = express();
    // The signature is verified before the guard, over the bytes.
    app.use(express.raw({ type: 'application/json' }));
    const options = { store: new InMemoryStore(), errors: 'framework' } as const;
    const take: express.RequestHandler = (req, res) => {
      taken.push(JSON.parse(req.body));
      res.sendStatus(202);
    };
    const scope = (header: string) => (req: express.Request) => req.get(header);
    app.post(
      '/webhooks/github',
      idempotency({ ...options, header: 'X-GitHub-Delivery', scope: scope('x-github-hook-id') }),
      take,
    );
    app.post(
      '/webhooks/shopify',
      idempotency({ ...options, header: 'X-Shopify-Webhook-Id', scope: scope('x-shopify-shop-domain') }),
      take,
    );
    const answer: express.ErrorRequestHandler = ({ statusCode }, _req, res, _next) =>
      void res.sendStatus(statusCode);
    app.use(answer);
    server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    taken.length = 0;
  });

  for (const provider of ['github', 'shopify'] as const) {
    const { next, another, elsewhere } = providers[provider];
    const send = async (sent: Sent, attempt = 0) => {
      const { headers, body } = deliver(provider, sent, attempt);
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/webhooks/${provider}`, {
        method: 'POST',
        headers: { ...(headers as Record<string, string>), 'content-type': 'application/json' },
        body: new Uint8Array(body),
      });
      return answer.status;
    };

    it(`fits ${provider}, whose header is the key`, async () => {
      for (const attempt of [0, 1, 2]) expect(await send(events[provider], attempt)).to.equal(202);
      expect(taken).to.have.length(1);
      expect(await send(next)).to.equal(202);
      expect(await send(elsewhere)).to.equal(202);
      expect(taken).to.have.length(3);
      expect(await send(another)).to.equal(422);
      expect(taken).to.have.length(3);
    });
  }
});
