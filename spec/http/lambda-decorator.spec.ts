// biome-ignore-all lint/complexity/noStaticOnlyClass: static members are decorated here, too
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect } from 'chai';
import { ConfigurationError, configureIdempotency, IdempotencyDefaults, InMemoryStore } from 'retrysafe';
import { responseOutcome } from 'retrysafe/http';
import { type EndpointOptions, IdempotentEndpoint, idempotentEndpoint } from 'retrysafe/lambda';
import { invocation } from '../support/invocation.js';
import { lambdaEvent } from '../support/lambda-events.js';
import { rejection, thrown } from '../support/rejection.js';

const context = (remaining = 30_000) => invocation(remaining) as Context;
const event = (): APIGatewayProxyEventV2 => lambdaEvent('api-gateway-http');

/** The decorator for places and options that the compiler would refuse. */
// biome-ignore lint/suspicious/noExplicitAny: this type accepts everything
const Anywhere = IdempotentEndpoint as (...options: unknown[]) => any;

describe('@IdempotentEndpoint', () => {
  it('makes a method run once for requests with one key, with its instance as `this`', async () => {
    class PaymentsApi {
      readonly store = new InMemoryStore();
      runs = 0;

      @IdempotentEndpoint({ store: (self) => self.store, scope: 'public' })
      async handle({ body }: APIGatewayProxyEventV2, _context: Context) {
        this.runs += 1;
        return { statusCode: 201, body: `${this.runs} ${body?.length}` };
      }
    }
    const [one, other] = [new PaymentsApi(), new PaymentsApi()];
    const first = await one.handle(event(), context());
    expect(first).to.deep.equal({ statusCode: 201, body: '1 59' });
    expect(await one.handle(event(), context())).to.include(first);
    expect(await other.handle(event(), context())).to.deep.equal(first);
    expect([one.runs, other.runs, one.store.records().length]).to.deep.equal([1, 1, 1]);
  });

  it('has the instance in its options, too', async () => {
    const seen: unknown[] = [];
    class PaymentsApi {
      readonly store = new InMemoryStore();

      @IdempotentEndpoint({
        store: (self) => self.store,
        scope({ requestContext }) {
          seen.push(this);
          return requestContext.accountId;
        },
        isOutcome() {
          seen.push(this);
          return true;
        },
        fingerprint({ path }) {
          seen.push(this);
          return path;
        },
      })
      async handle(_event: APIGatewayProxyEventV2, _context: Context) {
        return { statusCode: 200 };
      }
    }
    const api = new PaymentsApi();
    await api.handle(event(), context());
    expect(seen).to.deep.equal([api, api, api]);
  });

  it('lets onAbandoned find the response of an attempt that failed, with the event and the instance', async () => {
    class PaymentsApi {
      readonly placed = 'H-7';
      runs = 0;

      @IdempotentEndpoint({
        store: new InMemoryStore(),
        scope: 'public',
        onFailure: 'unknown',
        async onAbandoned(_abandoned, { rawPath }) {
          return { value: responseOutcome({ status: 201, body: { placed: this.placed, rawPath } }) };
        },
      })
      async handle(
        _event: APIGatewayProxyEventV2,
        _context: Context,
      ): Promise<{ statusCode: number; body?: string }> {
        this.runs += 1;
        return { statusCode: 504 };
      }
    }
    const api = new PaymentsApi();
    expect(await api.handle(event(), context())).to.deep.equal({ statusCode: 504 });
    const found = await api.handle(event(), context());
    expect(found).to.deep.include({
      statusCode: 201,
      headers: { 'content-type': 'application/json' },
      body: '{"placed":"H-7","rawPath":"/holds"}',
    });
    expect(api.runs).to.equal(1);
  });

  it('takes what stands on the class and the process for options that it does not have', async () => {
    const [ofClass, ofProcess] = [new InMemoryStore(), new InMemoryStore()];
    configureIdempotency({ store: ofProcess });
    try {
      @IdempotencyDefaults({ store: ofClass, ttl: '2h' })
      class WithDefaults {
        @IdempotentEndpoint({ scope: 'public' })
        async handle(_event: APIGatewayProxyEventV2, _context: Context) {
          return { statusCode: 200 };
        }
      }
      class Without {
        @IdempotentEndpoint({ scope: 'public' })
        async handle(_event: APIGatewayProxyEventV2, _context: Context) {
          return { statusCode: 200 };
        }
      }
      await new WithDefaults().handle(event(), context());
      await new Without().handle(event(), context());
      expect([ofClass.records().length, ofProcess.records().length]).to.deep.equal([1, 1]);
      expect((ofClass.records()[0]?.expiresAt ?? 0) - Date.now()).to.be.within(7_100_000, 7_200_000);
    } finally {
      configureIdempotency({});
    }
  });

  it('stands on a static method as well', async () => {
    class PaymentsApi {
      static runs = 0;

      @IdempotentEndpoint({ store: new InMemoryStore(), scope: 'public' })
      static async handle(_event: APIGatewayProxyEventV2, _context: Context) {
        PaymentsApi.runs += 1;
        return { statusCode: 200 };
      }
    }
    await PaymentsApi.handle(event(), context());
    await PaymentsApi.handle(event(), context());
    expect(PaymentsApi.runs).to.equal(1);
  });

  it('keeps the name and the length of the method', () => {
    class PaymentsApi {
      @IdempotentEndpoint({ store: new InMemoryStore(), scope: 'public' })
      async handle(_event: APIGatewayProxyEventV2, _context: Context) {
        return { statusCode: 200 };
      }
    }
    const { handle } = PaymentsApi.prototype;
    expect([handle.name, handle.length]).to.deep.equal(['handle', 2]);
  });

  it('works inside of a wrapper, which may change the event before and the result after', async () => {
    let runs = 0;
    class PaymentsApi {
      @IdempotentEndpoint({ store: new InMemoryStore(), scope: ({ caller }) => caller })
      async handle(
        { body }: { readonly caller: string; readonly body: { readonly amount: number } },
        _context: Context,
      ) {
        runs += 1;
        return { statusCode: 200, headers: {}, body: String(body.amount) };
      }
    }
    const api = new PaymentsApi();
    const wrapped = async (raw: APIGatewayProxyEventV2) => {
      const result = await api.handle(
        { ...raw, caller: 'alice', body: JSON.parse(raw.body ?? '') },
        context(),
      );
      return { ...result, headers: { ...result.headers, 'X-Request-Id': 'r-1' } };
    };
    await wrapped(event());
    const { headers, body } = await wrapped(event());
    expect(headers).to.deep.equal({ 'Idempotency-Replayed': 'true', 'X-Request-Id': 'r-1' });
    expect([body, runs]).to.deep.equal(['100', 1]);
  });

  it('tells the engine when the invocation ends', async () => {
    class PaymentsApi {
      readonly store = new InMemoryStore();

      @IdempotentEndpoint({ store: (self) => self.store, scope: 'public', lease: '10m', renewFor: '10m' })
      async handle(_event: APIGatewayProxyEventV2, _context: Context) {
        const [record] = this.store.records();
        return record?.state.status === 'in-progress' ? record.state.leaseUntil - Date.now() : undefined;
      }
    }
    const { body } = (await new PaymentsApi().handle(event(), context(20_000))) as unknown as {
      body: string;
    };
    expect(Number(body)).to.be.within(15_000, 20_000);
    const refused = (await new PaymentsApi().handle(event(), context(300))) as unknown as {
      statusCode: number;
    };
    expect(refused.statusCode, 'no call begins with less than 500 ms left').to.equal(409);
  });

  describe('refuses', () => {
    it('wrong options when the class is defined', () => {
      for (const [options, message] of [
        [{}, /option "scope" is undefined; expected a function of the request/],
        [undefined, /expected options such as/],
        [{ scope: 'public', maxKey: 0 }, /option "maxKey" is 0; expected a whole number/],
        [{ scope: 'public', lease: 'soon' }, /option "lease"/],
        [{ scope: 'public', key: 'body.id' }, /option "key"/],
      ] as const) {
        const error = thrown(() => {
          class Wrong {
            @Anywhere(options)
            async handle() {}
          }
          return Wrong;
        }) as Error;
        expect(error).to.be.an.instanceOf(ConfigurationError);
        expect(error.message)
          .to.match(/^@IdempotentEndpoint on (Wrong\.)?handle/)
          .and.match(message);
      }
    });

    it('its use without parentheses, and on what is no method', () => {
      const error = thrown(() => {
        class Bare {
          @Anywhere
          async handle() {}
        }
        return Bare;
      }) as Error;
      expect(error.message).to.match(
        /without parentheses; write @IdempotentEndpoint\(\{ store, scope: … \}\)/,
      );
      for (const define of [
        () => {
          @Anywhere({ scope: 'public' })
          class OnClass {}
          return OnClass;
        },
        () => {
          class OnField {
            @Anywhere({ scope: 'public' })
            handle = async () => 1;
          }
          return OnField;
        },
        () => {
          class OnGenerator {
            @Anywhere({ scope: 'public' })
            async *handle() {
              yield 1;
            }
          }
          return OnGenerator;
        },
      ])
        expect(thrown(define)).to.be.an.instanceOf(ConfigurationError);
    });

    it('a call without its instance, whose options would be missing', async () => {
      class PaymentsApi {
        readonly store = new InMemoryStore();

        @IdempotentEndpoint({ store: (self) => self.store, scope: 'public' })
        async handle(_event: APIGatewayProxyEventV2, _context: Context) {
          return { statusCode: 200 };
        }
      }
      const { handle } = new PaymentsApi();
      const error = (await rejection(handle(event(), context()))) as Error;
      expect(error).to.be.an.instanceOf(ConfigurationError);
      expect(error.message).to.match(
        /it was called without its instance.*as service\.handle\.bind\(service\)/,
      );
    });

    it('a handler that streams its response', async () => {
      let runs = 0;
      class PaymentsApi {
        @IdempotentEndpoint({ store: new InMemoryStore(), scope: 'public' })
        async handle(
          _event: APIGatewayProxyEventV2,
          stream: { write(text: string): void; end(): void },
          _context: Context,
        ) {
          runs += 1;
          stream.end();
        }
      }
      const stream = { write() {}, end() {} };
      const error = (await rejection(new PaymentsApi().handle(event(), stream, context()))) as Error;
      expect(error).to.be.an.instanceOf(ConfigurationError);
      expect(error.message).to.match(
        /a stream for its response, which cannot be recorded; leave out `awslambda\.streamifyResponse`/,
      );
      expect(runs).to.equal(0);
    });
  });
});

describe('idempotentEndpoint', () => {
  it('does the same with a function, of which it keeps the name and the length', async () => {
    let runs = 0;
    async function pay(_event: APIGatewayProxyEventV2, _context: Context) {
      runs += 1;
      return { statusCode: 201 };
    }
    const handler = idempotentEndpoint(pay, { store: new InMemoryStore(), scope: 'public' });
    expect([handler.name, handler.length]).to.deep.equal(['pay', 2]);
    await handler(event(), context());
    expect(await handler(event(), context())).to.include({ statusCode: 201 });
    expect(runs).to.equal(1);
  });

  it('refuses wrong options and what is no function, at once', () => {
    const wrong = { scope: 'public', ttl: -1 } as EndpointOptions;
    expect(thrown(() => idempotentEndpoint(async () => 1, wrong))).to.be.an.instanceOf(ConfigurationError);
    expect(thrown(() => idempotentEndpoint('pay' as never, { scope: 'public' })))
      .to.have.property('message')
      .that.matches(/first argument is a string; expected the function that handles requests/);
  });
});
