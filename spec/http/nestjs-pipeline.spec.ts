import type { ServerResponse } from 'node:http';
import {
  BadGatewayException,
  BadRequestException,
  Body,
  type CallHandler,
  Catch,
  ConflictException,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Post,
  Req,
  Res,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { expect } from 'chai';
import { currentExecution, IdempotencyError, Idempotent, InMemoryStore } from 'retrysafe';
import { idempotency } from 'retrysafe/express';
import { IdempotentRoute } from 'retrysafe/nestjs';
import {
  catchError,
  defer as deferred,
  finalize,
  lastValueFrom,
  map,
  of,
  retry,
  tap,
  throwError,
} from 'rxjs';
import { defer } from '../support/defer.js';
import { catchWarnings } from '../support/process-warnings.js';
import { decorate } from './servers/nest.js';
import { startApplication, stopApplications } from './servers/nest-application.js';

type Next = CallHandler;

/** Makes a class of the function, as Nest wants it. */
function interceptor(intercept: (next: Next, context: ExecutionContext) => unknown) {
  return { intercept: (context: ExecutionContext, next: Next) => intercept(next, context) } as never;
}

const sent = { key: 'k-1', body: { amount: 1 } };

describe('interceptors, pipes and filters of NestJS', () => {
  let runs = 0;
  beforeEach(() => {
    runs = 0;
  });
  afterEach(stopApplications);

  /** A controller with one guarded route, whose method and further decorators a test gives. */
  function controller(
    handler: (...args: never[]) => unknown,
    {
      above = [],
      below = [],
      parameters = [],
    }: {
      above?: readonly never[];
      below?: readonly never[];
      parameters?: readonly ParameterDecorator[];
    } = {},
  ) {
    class PaymentsController {
      pay(...args: never[]) {
        runs += 1;
        return handler(...args);
      }
    }
    decorate(
      PaymentsController,
      'pay',
      [Post('payments'), ...above, IdempotentRoute(), ...below],
      parameters as never,
    );
    Controller()(PaymentsController);
    return PaymentsController;
  }

  it('come after a guard of Express on the whole application, which guards, and the owner is told', async () => {
    const { client } = await startApplication({
      controllers: [controller(() => ({ run: runs }))],
      options: { name: 'second of NestJS' },
      prepare: (app) => app.use(idempotency({ store: new InMemoryStore(), scope: 'public' })),
    });
    const warnings = catchWarnings();
    try {
      for (const _ of [1, 2]) expect((await client.send(sent)).json).to.deep.equal({ run: 1 });
    } finally {
      warnings.restore();
    }
    expect(warnings.texts('RETRYSAFE_SEVERAL_GUARDS').join()).to.match(
      /^IdempotentRoute: a guard before this one/,
    );
  });

  describe('an interceptor before the guard', () => {
    it('sees a replay as a route that returns nothing, and comes to its end', async () => {
      const steps: unknown[] = [];
      const { client, logged } = await startApplication({
        controllers: [controller(() => ({ run: runs }))],
        prepare: (app) =>
          app.useGlobalInterceptors(
            interceptor((next) =>
              next.handle().pipe(
                tap((value) => steps.push(value)),
                finalize(() => steps.push('end')),
              ),
            ),
          ),
      });
      const first = await client.send(sent);
      const second = await client.send(sent);
      expect([second.status, second.text]).to.deep.equal([201, first.text]);
      expect(steps).to.deep.equal([{ run: 1 }, 'end', undefined, 'end']);
      expect(logged).to.deep.equal([]);
    });

    it('cannot change a replay, which has what it made of the first answer', async () => {
      const { client, logged } = await startApplication({
        controllers: [controller(() => ({ items: [runs] }))],
        prepare: (app) =>
          app.useGlobalInterceptors(
            // It fails where there are no items.
            interceptor((next) => next.handle().pipe(map(({ items }) => ({ data: items.map(String) })))),
          ),
      });
      const first = await client.send(sent);
      expect(first.json).to.deep.equal({ data: ['1'] });
      const second = await client.send(sent);
      expect([second.status, second.text]).to.deep.equal([201, first.text]);
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(logged.map(String)).to.match(/TypeError/);
    });

    it('may wait for one value, as a transaction does', async () => {
      const { client, logged } = await startApplication({
        controllers: [controller(() => ({ run: runs }))],
        prepare: (app) =>
          app.useGlobalInterceptors(interceptor(async (next) => of(await lastValueFrom(next.handle())))),
      });
      const first = await client.send(sent);
      const second = await client.send(sent);
      expect([second.status, second.text, runs]).to.deep.equal([201, first.text, 1]);
      expect(logged).to.deep.equal([]);
    });

    it('sees a refusal as an error, and cannot make another answer of it', async () => {
      const seen: unknown[] = [];
      const statuses: number[] = [];
      const { client, logged } = await startApplication({
        controllers: [controller(() => ({ run: runs }))],
        prepare: (app) => {
          app.use((_req: unknown, res: ServerResponse, next: () => void) => {
            res.once('finish', () => statuses.push(res.statusCode));
            next();
          });
          app.useGlobalInterceptors(
            interceptor((next) =>
              next.handle().pipe(
                catchError((error) => {
                  seen.push(error);
                  return throwError(() => new BadGatewayException());
                }),
              ),
            ),
          );
        },
      });
      await client.send(sent);
      const { status, headers, json } = await client.send({ ...sent, body: { amount: 2 } });
      expect([status, json.status]).to.deep.equal([422, 422]);
      expect(headers.get('content-type')).to.equal('application/problem+json');
      expect(seen).to.have.length(1);
      expect(seen[0]).to.be.an.instanceOf(IdempotencyError).with.property('statusCode', 422);
      expect(statuses, 'as they are logged').to.deep.equal([201, 422]);
      expect(logged).to.deep.equal([]);
    });

    it('may make another answer of an error of the handler, and that is recorded', async () => {
      const { client } = await startApplication({
        controllers: [
          controller(() => {
            throw new Error('the bank is closed');
          }),
        ],
        prepare: (app) =>
          app.useGlobalInterceptors(interceptor((next) => next.handle().pipe(catchError(() => of('later'))))),
      });
      expect((await client.send(sent)).text).to.equal('later');
      const second = await client.send(sent);
      expect([second.status, second.text, runs]).to.deep.equal([201, 'later', 1]);
    });

    it('that tries again after a refusal runs nothing', async () => {
      let tries = 0;
      const { client } = await startApplication({
        controllers: [controller(() => ({ run: runs }))],
        prepare: (app) =>
          app.useGlobalInterceptors(
            interceptor((next) =>
              deferred(() => next.handle())
                .pipe(tap({ subscribe: () => void tries++ }))
                .pipe(retry(2)),
            ),
          ),
      });
      expect((await client.send({ body: {} })).status).to.equal(400);
      expect([tries, runs]).to.deep.equal([2, 0]);
    });

    it('may try the route again, and the answer of that is recorded', async () => {
      const attempts: number[] = [];
      let refusals = 1;
      const { client } = await startApplication({
        controllers: [
          controller(
            () => {
              attempts.push(currentExecution().attempt);
              if (runs === 1) throw new ConflictException();
              return { run: runs };
            },
            {
              parameters: [
                Body({
                  transform(value: unknown) {
                    refusals -= 1;
                    if (refusals >= 0) throw new BadRequestException();
                    return value;
                  },
                }),
              ],
            },
          ),
        ],
        prepare: (app) => app.useGlobalInterceptors(interceptor((next) => next.handle().pipe(retry(2)))),
      });
      const first = await client.send(sent);
      expect([first.status, first.json]).to.deep.equal([201, { run: 2 }]);
      const second = await client.send(sent);
      expect([second.status, second.json, runs]).to.deep.equal([201, { run: 2 }, 2]);
      expect(attempts).to.deep.equal([1, 1]);
    });
  });

  describe('an interceptor after the guard', () => {
    it('runs inside of the run, and not for a replay', async () => {
      const keys: string[] = [];
      const around = interceptor((next) => {
        keys.push(currentExecution().key);
        return next.handle().pipe(map((value) => ({ ...value, stamped: true })));
      });
      // Of one method's interceptors, Nest calls that of the lowest decorator first.
      const { client } = await startApplication({
        controllers: [
          controller(() => ({ key: currentExecution().key }), { above: [UseInterceptors(around) as never] }),
        ],
      });
      const first = await client.send(sent);
      expect(first.json).to.deep.equal({ key: keys[0], stamped: true });
      expect((await client.send(sent)).text).to.equal(first.text);
      expect(keys).to.have.length(1);
    });

    it('that fails before the handler makes no outcome', async () => {
      let isOpen = false;
      const gate = interceptor((next) => {
        if (!isOpen) throw new ConflictException('closed');
        return next.handle();
      });
      const { client } = await startApplication({
        options: { isOutcome: () => true },
        controllers: [controller(() => ({ run: runs }), { above: [UseInterceptors(gate) as never] })],
      });
      expect((await client.send(sent)).status).to.equal(409);
      isOpen = true;
      const corrected = await client.send({ ...sent, body: { amount: 2 } });
      expect([corrected.status, corrected.json]).to.deep.equal([201, { run: 1 }]);
    });
  });

  describe('an error of the handler', () => {
    it('is answered by an exception filter, and that is recorded', async () => {
      class Declined extends Error {}
      class DeclinedFilter {
        catch(_error: unknown, host: { switchToHttp(): { getResponse(): never } }) {
          const response = host.switchToHttp().getResponse() as {
            status(code: number): { json(body: unknown): void };
          };
          response.status(402).json({ declined: runs });
        }
      }
      Catch(Declined)(DeclinedFilter);
      const { client } = await startApplication({
        controllers: [
          controller(() => {
            throw new Declined();
          }),
        ],
        prepare: (app) => app.useGlobalFilters(new DeclinedFilter()),
      });
      for (const isReplay of [undefined, 'true']) {
        const { status, json, headers } = await client.send(sent);
        expect([status, json]).to.deep.equal([402, { declined: 1 }]);
        expect(headers.get('idempotency-replayed')).to.equal(isReplay);
      }
    });

    it('that comes after the head of its response breaks that, and frees the key', async () => {
      const gate = defer();
      const { client, logged } = await startApplication({
        controllers: [
          controller(
            async (response: { write(text: string): void; end(): void }) => {
              response.write('begun');
              await gate.promise;
              if (runs === 1) throw new Error('the bank is closed');
              response.end();
            },
            { parameters: [Res()] },
          ),
        ],
      });
      const broken = await client.open(sent).head;
      gate.resolve();
      expect(await broken.ended).to.equal(false);
      expect(logged.map(String)).to.deep.equal(['Error: the bank is closed']);
      const second = await client.send(sent);
      expect([second.status, second.text, runs]).to.deep.equal([201, 'begun', 2]);
    });

    it('that comes while the head of its response is held gets an answer', async () => {
      const { client } = await startApplication({
        controllers: [
          controller(
            async (response: { writeHead(status: number, headers: object): void }) => {
              response.writeHead(201, { 'x-begun': 'yes' });
              throw new HttpException('declined', 402);
            },
            { parameters: [Res()] },
          ),
        ],
      });
      const { status, headers, json } = await client.send(sent);
      expect([status, json.message, headers.get('x-begun')]).to.deep.equal([402, 'declined', undefined]);
      expect((await client.send(sent)).status).to.equal(402);
      expect(runs).to.equal(2);
    });
  });

  describe('an error of this library inside of the handler', () => {
    const store = new InMemoryStore();
    const begun = defer();
    const gate = defer();
    class Bank {
      async charge() {
        begun.resolve();
        await gate.promise;
        return 'charged';
      }
    }
    decorate(Bank, 'charge', [Idempotent({ name: 'bank.charge', key: () => 'k', store, wait: 0 })]);

    it('is answered by problem details, and not by the advice that it has for the service', async () => {
      const bank = new Bank();
      const { client } = await startApplication({ controllers: [controller(() => bank.charge())] });
      const charging = bank.charge();
      await begun.promise;
      const { status, json, headers, text } = await client.send(sent);
      expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:in-progress']);
      expect(headers.get('content-type')).to.equal('application/problem+json');
      expect(headers.get('retry-after')).to.match(/^\d+$/);
      expect(text).not.to.match(/bank/);
      gate.resolve();
      await charging;
      const second = await client.send(sent);
      expect([second.status, second.text, runs]).to.deep.equal([201, 'charged', 2]);
    });
  });

  describe('a filter of the method that catches everything', () => {
    it('does not change the answer of the guard', async () => {
      const caught: unknown[] = [];
      class EverythingFilter {
        catch(error: unknown, host: { switchToHttp(): { getResponse(): never } }) {
          caught.push(error);
          const response = host.switchToHttp().getResponse() as {
            setHeader(name: string, value: string): void;
            status(code: number): { json(body: unknown): void };
          };
          response.setHeader('x-caught', 'yes');
          response.status(500).json({ caught: true });
        }
      }
      Catch()(EverythingFilter);
      for (const place of ['above', 'below'] as const) {
        const { client } = await startApplication({
          controllers: [
            controller(() => ({ run: runs }), { [place]: [UseFilters(EverythingFilter) as never] }),
          ],
        });
        const { status, json } = await client.send({ body: {} });
        expect([status, json.type]).to.deep.equal([400, 'urn:retrysafe:problem:key-missing']);
        // The connection is as good as before.
        expect((await client.send(sent)).status).to.equal(201);
      }
      expect(caught).to.have.length.at.most(1);
    });
  });

  it('gives the framework refusals where it is in charge', async () => {
    const { client } = await startApplication({
      options: { errors: 'framework' },
      controllers: [controller(() => ({ run: runs }))],
    });
    const { status, json } = await client.send({ body: {} });
    expect([status, json.statusCode]).to.deep.equal([400, 400]);
    expect(json.message).to.match(/has no idempotency key/);
  });

  it('answers a request whose key is lost, and ignores what its handler returns then', async () => {
    const gate = defer();
    const returned = defer();
    const { client, logged } = await startApplication({
      options: { lease: '100ms', renewFor: '100ms' },
      controllers: [
        controller(async () => {
          if (runs > 1) return { run: runs };
          await gate.promise;
          returned.resolve();
          return { late: true };
        }),
      ],
    });
    const { status, json } = await client.send(sent);
    expect([status, json.type]).to.deep.equal([409, 'urn:retrysafe:problem:claim-lost']);
    gate.resolve();
    await returned.promise;
    const again = await client.send(sent);
    expect([again.status, again.json]).to.deep.equal([201, { run: 2 }]);
    expect(logged).to.deep.equal([]);
  });

  it('leaves a scope that throws to the filters', async () => {
    const { client } = await startApplication({
      options: {
        scope: () => {
          throw new HttpException('who?', 401);
        },
      },
      controllers: [controller(() => ({ run: runs }))],
    });
    const { status, json } = await client.send(sent);
    expect([status, json.message]).to.deep.equal([401, 'who?']);
  });

  it('needs nothing to read', async () => {
    class ReadingController {
      list() {
        return { runs };
      }
    }
    decorate(ReadingController, 'list', [Get('payments'), IdempotentRoute()], [Req()]);
    Controller()(ReadingController);
    const { client } = await startApplication({ controllers: [ReadingController] });
    expect((await client.send({ method: 'GET' })).json).to.deep.equal({ runs: 0 });
  });
});
