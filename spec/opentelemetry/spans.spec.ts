import { type Attributes, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { type IdempotentOptions, InMemoryStore, keyOf, makeIdempotent, release } from 'retrysafe';
import {
  type IdempotencyInstrumentationOptions,
  registerIdempotencyInstrumentation,
} from 'retrysafe/opentelemetry';
import { abandon, FailingStore } from 'retrysafe/testing';
import { defer } from '../support/defer.js';
import { rejection } from '../support/rejection.js';
import { type ExportedSpan, sdkVersions, useSdk } from './sdk.js';

interface Hold {
  readonly id: string;
}

class InsufficientFunds extends Error {
  override readonly name = 'InsufficientFunds';
}

/** What may be in no span. */
const secret = 'PAYLOAD-4111-1111';

for (const version of sdkVersions) {
  describe(`spans, by the SDK ${version} of OpenTelemetry`, () => {
    const otel = useSdk(version);
    let stops: (() => void)[] = [];
    let store: InMemoryStore;
    beforeEach(() => {
      store = new InMemoryStore();
    });
    afterEach(() => {
      for (const stop of stops) stop();
      stops = [];
    });

    function register(options: IdempotencyInstrumentationOptions = {}): void {
      const { tracerProvider, meterProvider } = otel.sdk;
      stops.push(registerIdempotencyInstrumentation({ tracerProvider, meterProvider, ...options }));
    }

    function placing(work: () => unknown = () => 'held', options: IdempotentOptions = {}) {
      return makeIdempotent(async (_hold: Hold) => work(), {
        name: 'PreFundService.placeHold',
        key: 'id',
        store,
        ...options,
      });
    }

    /** The only span of a call. */
    function onlySpan(name = 'PreFundService.placeHold'): ExportedSpan {
      const spans = otel.sdk.named(name);
      expect(spans).to.have.length(1);
      return spans[0] as ExportedSpan;
    }

    const spansOfCalls = () => otel.sdk.named('PreFundService.placeHold');
    const idOf = (span: ExportedSpan) => span.spanContext().spanId;
    const linksOf = ({ links }: ExportedSpan): readonly Attributes[] =>
      links.map(({ context, attributes }) => ({ to: context.spanId, ...attributes }));

    it('has one for each call, with the name of the operation, its outcome and what the key is', async () => {
      register();
      const placeHold = placing();
      await placeHold({ id: secret });
      const span = onlySpan();
      expect(span.kind).to.equal(SpanKind.INTERNAL);
      expect(span.status.code).to.equal(SpanStatusCode.UNSET);
      const { 'retrysafe.ran': ran, ...attributes } = span.attributes;
      expect(ran).to.be.a('number');
      expect(attributes).to.deep.equal({
        'retrysafe.operation': 'PreFundService.placeHold',
        'retrysafe.key': keyOf(placeHold, { id: secret }).split('#')[1],
        'retrysafe.outcome': 'completed',
        'retrysafe.attempt': 1,
      });
      expect(span.instrumentationScope.name).to.equal('retrysafe');
      expect(span.instrumentationScope.version).to.match(/^\d+\.\d+\.\d+/);
    });

    it('has the whole key, or nothing of it, where that is asked for', async () => {
      register({ key: 'full' });
      register({ key: 'omit' });
      const placeHold = placing();
      await placeHold({ id: 'h-1' });
      const keys = spansOfCalls().map(({ attributes }) => attributes['retrysafe.key']);
      expect(keys).to.have.members([keyOf(placeHold, { id: 'h-1' }), undefined]);
    });

    it('has the caller’s span as parent, and those that the method makes as children', async () => {
      register();
      const placeHold = placing(() => otel.sdk.within('bank', async () => 'held'));
      await otel.sdk.within('request', () => placeHold({ id: 'h-1' }));
      const [bank, call, request] = otel.sdk.spans as [ExportedSpan, ExportedSpan, ExportedSpan];
      expect([bank.name, call.name, request.name]).to.deep.equal([
        'bank',
        'PreFundService.placeHold',
        'request',
      ]);
      expect(bank.parentSpanContext?.spanId).to.equal(idOf(call));
      expect(call.parentSpanContext?.spanId).to.equal(idOf(request));
    });

    it('leaves the caller in its own context', async () => {
      register();
      const placeHold = placing();
      await otel.sdk.within('request', async () => {
        const held = placeHold({ id: 'h-1' });
        await otel.sdk.within('beside', async () => {});
        await held;
        await otel.sdk.within('behind', async () => {});
      });
      const [request] = otel.sdk.named('request') as [ExportedSpan];
      for (const name of ['beside', 'behind']) {
        expect(onlySpan(name).parentSpanContext?.spanId, name).to.equal(idOf(request));
      }
    });

    it('links a replay to the span of the run', async () => {
      register();
      const placeHold = placing();
      await placeHold({ id: 'h-1' });
      await placeHold({ id: 'h-1' });
      const [run, replay] = spansOfCalls() as [ExportedSpan, ExportedSpan];
      expect(replay.attributes['retrysafe.outcome']).to.equal('replayed');
      expect(replay.attributes).not.to.have.property('retrysafe.ran');
      expect(linksOf(replay)).to.deep.equal([
        { to: idOf(run), 'retrysafe.link': 'replayed', 'retrysafe.attempt': 1 },
      ]);
      expect(run.links).to.be.empty;
    });

    it('links a duplicate that joined in this process, and says how long it waited', async () => {
      register();
      const work = defer<string>();
      const placeHold = placing(() => work.promise);
      const first = placeHold({ id: 'h-1' });
      const second = placeHold({ id: 'h-1' });
      work.resolve('held');
      await Promise.all([first, second]);
      const replay = spansOfCalls().find(
        ({ attributes }) => attributes['retrysafe.outcome'] === 'replayed',
      ) as ExportedSpan;
      const run = spansOfCalls().find((span) => span !== replay) as ExportedSpan;
      expect(linksOf(replay).map(({ to }) => to)).to.deep.equal([idOf(run)]);
      expect(replay.attributes['retrysafe.waited']).to.be.above(0);
      expect(run.attributes).not.to.have.property('retrysafe.waited');
    });

    it('links a call that took over to the span of the run before', async () => {
      register();
      let runs = 0;
      const placeHold = placing(() => {
        runs += 1;
        if (runs === 1) throw new Error(secret);
        return 'held';
      });
      await rejection(placeHold({ id: 'h-1' }));
      await placeHold({ id: 'h-1' });
      const [first, second] = spansOfCalls() as [ExportedSpan, ExportedSpan];
      expect(linksOf(second)).to.deep.equal([
        { to: idOf(first), 'retrysafe.link': 'took-over', 'retrysafe.attempt': 1 },
      ]);
      expect(second.attributes['retrysafe.attempt']).to.equal(2);
    });

    it('links a call that is refused to the run because of which it is', async () => {
      register();
      const work = defer<string>();
      const placeHold = placing(() => work.promise, { wait: 0 });
      const first = placeHold({ id: 'h-1' });
      await rejection(placeHold({ id: 'h-1' }));
      work.resolve('held');
      await first;
      const [refused, run] = spansOfCalls() as [ExportedSpan, ExportedSpan];
      expect(refused.attributes).to.include({
        'retrysafe.outcome': 'refused',
        'retrysafe.code': 'ERR_IDEMPOTENCY_IN_PROGRESS',
        'error.type': 'ERR_IDEMPOTENCY_IN_PROGRESS',
      });
      expect(refused.status).to.deep.equal({ code: SpanStatusCode.ERROR });
      expect(linksOf(refused).map(({ to }) => to)).to.deep.equal([idOf(run)]);
    });

    it('is an error where the call failed, with the kind of the error and nothing else of it', async () => {
      register();
      const placeHold = placing(() => {
        throw new RangeError(secret);
      });
      await rejection(placeHold({ id: 'h-1' }));
      const span = onlySpan();
      expect(span.attributes).to.include({ 'retrysafe.outcome': 'released', 'error.type': 'RangeError' });
      expect(span.status).to.deep.equal({ code: SpanStatusCode.ERROR });
      expect(span.events).to.be.empty;
      expect(JSON.stringify([span.attributes, span.status])).not.to.include(secret);
    });

    it('is an error of no kind where what was thrown has no name', async () => {
      register();
      const thrown = [undefined, 'text', { name: `${secret} ${secret}` }, Object.create(null)];
      const placeHold = placing(() => {
        throw thrown.pop();
      });
      while (thrown.length > 0) await rejection(placeHold({ id: String(thrown.length) }));
      expect(spansOfCalls()).to.have.length(4);
      for (const { attributes, status } of spansOfCalls()) {
        expect(attributes['error.type']).to.equal('_OTHER');
        expect(status.code).to.equal(SpanStatusCode.ERROR);
      }
    });

    it('is no error where a value released the key', async () => {
      register();
      await placing(() => release('later'))({ id: 'h-1' });
      const span = onlySpan();
      expect(span.attributes['retrysafe.outcome']).to.equal('released');
      expect(span.status.code).to.equal(SpanStatusCode.UNSET);
    });

    it('is an error where an error is remembered, and none where that is replayed', async () => {
      register();
      const placeHold = placing(
        () => {
          throw new InsufficientFunds(secret);
        },
        { remember: [InsufficientFunds] },
      );
      await rejection(placeHold({ id: 'h-1' }));
      await rejection(placeHold({ id: 'h-1' }));
      const [run, replay] = spansOfCalls() as [ExportedSpan, ExportedSpan];
      expect(
        [run, replay].map(({ attributes, status }) => [
          attributes['retrysafe.outcome'],
          attributes['error.type'],
          status.code,
        ]),
      ).to.deep.equal([
        ['remembered', 'InsufficientFunds', SpanStatusCode.ERROR],
        ['replayed', 'InsufficientFunds', SpanStatusCode.UNSET],
      ]);
    });

    it('has the error’s message and stack by an option', async () => {
      register({ recordExceptions: true });
      const placeHold = placing(() => {
        throw new RangeError('out of range');
      });
      await rejection(placeHold({ id: 'h-1' }));
      const span = onlySpan();
      expect(span.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: 'out of range' });
      expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.type']])).to.deep.equal(
        [['exception', 'RangeError']],
      );
    });

    it('says that a call failed whose store did', async () => {
      register();
      const failing = new FailingStore(store);
      failing.fail('claim', { times: 2 });
      await rejection(placing(() => 'held', { store: failing })({ id: 'h-1' }));
      const span = onlySpan();
      expect(span.attributes['error.type']).to.equal('ERR_IDEMPOTENCY_STORE');
      expect(span.status.code).to.equal(SpanStatusCode.ERROR);
    });

    it('is known to the record, whether it is sampled or not', async () => {
      for (const sampled of [true, false]) {
        otel.start({ sampled });
        register();
        const inside: (Span | undefined)[] = [];
        const placeHold = placing(() => {
          inside.push(otel.load('@opentelemetry/api').trace.getActiveSpan());
        });
        await placeHold({ id: String(sampled) });
        const { traceId, spanId } = inside[0]?.spanContext() ?? expect.fail('there is no span');
        const record = await store.find(keyOf(placeHold, { id: String(sampled) }));
        expect(record?.state.about?.traceparent).to.equal(`00-${traceId}-${spanId}-${sampled ? '01' : '00'}`);
        for (const stop of stops.splice(0)) stop();
      }
    });

    it('keeps calls, replays and records as they are where there is no SDK', async () => {
      stops.push(registerIdempotencyInstrumentation());
      const placeHold = placing();
      expect(await placeHold({ id: 'h-1' })).to.equal('held');
      expect(await placeHold({ id: 'h-1' })).to.equal('held');
      const record = await store.find(keyOf(placeHold, { id: 'h-1' }));
      expect(record?.state.about ?? {}).not.to.have.property('traceparent');
    });

    it('is one for each registration, one inside the other, and the record knows the first', async () => {
      register();
      register();
      const inside: Span[] = [];
      const placeHold = placing(() => {
        inside.push(otel.load('@opentelemetry/api').trace.getActiveSpan());
      });
      await otel.sdk.within('request', () => placeHold({ id: 'h-1' }));
      const spans = spansOfCalls();
      expect(spans).to.have.length(2);
      const inner = spans.find((span) => idOf(span) === inside[0]?.spanContext().spanId) as ExportedSpan;
      const outer = spans.find((span) => span !== inner) as ExportedSpan;
      expect(inner.parentSpanContext?.spanId).to.equal(idOf(outer));
      expect(outer.parentSpanContext?.spanId).to.equal(idOf(onlySpan('request')));
      const record = await store.find(keyOf(placeHold, { id: 'h-1' }));
      expect(record?.state.about?.traceparent).to.include(idOf(outer));
    });

    it('never stands in the way of a call, whatever a span processor throws', async () => {
      const broken = () => {
        throw new Error('broken');
      };
      const processor = {
        onStart: broken,
        onEnd: broken,
        forceFlush: async () => {},
        shutdown: async () => {},
      };
      otel.start({ more: [processor] });
      register();
      expect(await placing()({ id: 'h-1' })).to.equal('held');
    });

    it('ends where the registration ends while the call is under way', async () => {
      register();
      const work = defer<string>();
      const held = placing(() => work.promise)({ id: 'h-1' });
      for (const stop of stops.splice(0)) stop();
      expect(onlySpan().attributes).not.to.have.property('retrysafe.outcome');
      work.resolve('held');
      expect(await held).to.equal('held');
      expect(spansOfCalls()).to.have.length(1);
    });

    it('links to nothing where the record has what is no traceparent', async () => {
      register();
      const placeHold = placing();
      await placeHold({ id: 'h-1' });
      const record = (await store.find(keyOf(placeHold, { id: 'h-1' }))) ?? expect.fail('no record');
      const about = { ...record.state.about, traceparent: '00-nothing' } as never;
      await store.replace({ ...record, token: 'other.1', state: { ...record.state, about } }, record.token);
      await placeHold({ id: 'h-1' });
      expect(spansOfCalls().map(({ links }) => links.length)).to.deep.equal([0, 0]);
    });

    it('has none for a request to the store unless the option says so', async () => {
      register();
      await placing(() => 'held', { store: new FailingStore(store) })({ id: 'h-1' });
      expect(otel.sdk.spans).to.have.length(1);
    });

    it('has one for each request to the store by the option, as a child of the call’s', async () => {
      register({ storeSpans: true });
      const failing = new FailingStore(store);
      failing.fail('claim', { error: new TypeError(secret) });
      await placing(() => 'held', { store: failing })({ id: 'h-1' });
      const call = onlySpan();
      const requests = otel.sdk.spans.filter((span) => span !== call);
      expect(
        requests.map(({ name, status, attributes }) => [name, status.code, attributes['error.type']]),
      ).to.deep.equal([
        ['retrysafe.store claim', SpanStatusCode.ERROR, 'TypeError'],
        ['retrysafe.store claim', SpanStatusCode.UNSET, undefined],
        ['retrysafe.store replace', SpanStatusCode.UNSET, undefined],
      ]);
      for (const { parentSpanContext, attributes } of requests) {
        expect(parentSpanContext?.spanId).to.equal(idOf(call));
        expect(attributes['retrysafe.operation']).to.equal('PreFundService.placeHold');
      }
    });

    it('tells of an abandoned run that was taken over', async () => {
      register();
      const placeHold = placing(() => 'held', { onAbandoned: 'run' });
      await abandon(placeHold, { id: 'h-1' });
      await placeHold({ id: 'h-1' });
      expect(onlySpan().attributes).to.include({ 'retrysafe.outcome': 'completed', 'retrysafe.attempt': 2 });
    });
  });
}
