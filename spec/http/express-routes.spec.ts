import { expect } from 'chai';
import type { NextFunction } from 'express';
import { onIdempotencyEvent } from 'retrysafe';
import { catchWarnings } from '../support/process-warnings.js';
import { onEachExpress, type Request, type Response } from './suite/express-server.js';

describe('the guard of a route of Express', () => {
  let keys = 0;
  const newKey = () => {
    keys += 1;
    return `routes-${keys}`;
  };

  onEachExpress((version, serve) => {
    let runs = 0;
    beforeEach(() => {
      runs = 0;
    });
    const made = (_req: Request, res: Response) => {
      runs += 1;
      res.json({ run: runs });
    };

    describe('has the pattern of its route', () => {
      const bench = serve(({ express, app, guard }) => {
        const orders = express.Router({ mergeParams: true });
        orders.post('/', guard(), made);
        orders.post('/:order', guard(), made);
        const tenants = express.Router();
        tenants.use('/:tenant/orders', orders);
        tenants.use(orders);
        app.use('/tenants', tenants);
        app.use('/twice/:one', orders);
        app.use('/other/:two', orders);
        app.use(['/list/:a', '/lists/:b'], orders);
        app.use(/^\/expression\/[a-z]+/, orders);
        app.post(['/many/:a', '/most/:b'], guard(), made);
        app.post(/^\/pattern\/\d+$/, guard(), made);
        const admin = express();
        admin.post('/users/:id', guard(), made);
        const inner = express();
        inner.post('/rights', guard(), made);
        admin.use('/inner/:name', inner);
        app.use('/admin/:area', admin);
        app.route('/chained/:id').all(guard()).post(made).put(made);
        app.post('/listed/:id', [guard(), made]);
      });

      const operationOf = async (path: string) => {
        let operation = '';
        const stop = onIdempotencyEvent('claimed', (event) => {
          operation = event.operation;
        });
        try {
          const { status, text } = await bench().client.send({ path, key: newKey() });
          expect(status, text).to.equal(200);
        } finally {
          stop();
        }
        return operation;
      };

      for (const [path, pattern] of [
        ['/tenants/1/orders', '/tenants/:tenant/orders/'],
        ['/tenants/1/orders/2', '/tenants/:tenant/orders/:order'],
        ['/tenants/tenants/orders/orders', '/tenants/:tenant/orders/:order'],
        ['/tenants/%2F1/orders/2?x=/3', '/tenants/:tenant/orders/:order'],
        ['/tenants/only', '/tenants/:order'],
        ['/twice/1/2', '/twice/:one/:order'],
        ['/other/1/2', '/other/:two/:order'],
        ['/TWICE/1/2', '/twice/:one/:order'],
        ['/list/1/2', '/list/:a/:order'],
        ['/lists/1/2', '/lists/:b/:order'],
        ['/expression/abc/2', '/^\\/expression\\/[a-z]+//:order'],
        ['/many/1', '/many/:a,/most/:b'],
        ['/most/1', '/many/:a,/most/:b'],
        ['/pattern/1', '/^\\/pattern\\/\\d+$/'],
        ['/admin/1/users/2', '/admin/:area/users/:id'],
        ['/admin/1/inner/2/rights', '/admin/:area/inner/:name/rights'],
        ['/chained/1', '/chained/:id'],
        ['/listed/1', '/listed/:id'],
      ] as const)
        it(`${path} is ${pattern}`, async () => {
          expect(await operationOf(path)).to.equal(`http POST ${pattern}`);
          // It is known the second time.
          expect(await operationOf(path)).to.equal(`http POST ${pattern}`);
        });

      it('so the same key on another path of it is another request', async () => {
        const { client } = bench();
        for (const [one, other] of [
          ['/tenants/1/orders', '/tenants/2/orders'],
          ['/admin/1/inner/2/rights', '/admin/1/inner/3/rights'],
          ['/many/1', '/most/1'],
        ] as const) {
          const key = newKey();
          expect((await client.send({ path: one, key })).status).to.equal(200);
          expect((await client.send({ path: other, key })).status).to.equal(422);
        }
      });

      it('so the same key on another route is another key', async () => {
        const { client } = bench();
        const key = newKey();
        for (const path of ['/twice/1/2', '/other/1/2', '/tenants/1/orders/2'])
          expect((await client.send({ path, key })).headers.get('idempotency-replayed')).to.equal(undefined);
        expect(runs).to.equal(3);
      });
    });

    describe('of a whole application', () => {
      const bench = serve(({ express, app, guard }) => {
        app.all(/^\/passed/, (_req: Request, _res: Response, next: NextFunction) => next());
        app.use(guard());
        app.post('/payments', made);
        app.post('/passed', made);
        app.post('/required', guard({ required: true }), made);
        app.post('/guarded', guard(), guard(), made);
        app.post('/told', guard({ name: `second of Express ${version}` }), made);
        const sub = express();
        sub.post('/payments', made);
        sub.post('/failing', () => {
          throw new Error('failed');
        });
        app.use('/sub', sub);
        app.use(
          (_error: Error, _req: Request, res: Response, _next: NextFunction) =>
            void res.status(500).send('handled'),
        );
      });

      it('lets a request without a key pass', async () => {
        const { client } = bench();
        for (const path of ['/payments', '/passed', '/sub/payments']) {
          runs = 0;
          for (const run of [1, 2]) expect((await client.send({ path })).json).to.deep.equal({ run });
        }
        expect((await client.send({ path: '/required' })).status).to.equal(400);
      });

      it('guards a request with a key once, whatever else is on its route', async () => {
        const { client } = bench();
        for (const path of ['/payments', '/passed', '/required', '/guarded', '/sub/payments']) {
          runs = 0;
          const sent = { path, key: newKey() };
          for (let n = 0; n < 2; n += 1)
            expect((await client.send(sent)).json, path).to.deep.equal({ run: 1 });
        }
      });

      it('tells its owner of another guard on the way, which does nothing', async () => {
        const { client } = bench();
        const warnings = catchWarnings();
        try {
          await client.send({ path: '/told', key: newKey() });
        } finally {
          warnings.restore();
        }
        const texts = warnings.texts('RETRYSAFE_SEVERAL_GUARDS');
        expect(texts.join()).to.match(/^idempotency: a guard before this one has the request/);
      });

      it('holds what an application in it answers, also by the error handling of this one', async () => {
        const { client, store } = bench();
        const gate = store.hold();
        const sent = { path: '/sub/payments', key: newKey() };
        const request = client.open(sent);
        await gate.isReached;
        expect((await client.send(sent)).status).to.equal(409);
        expect(request.hasHead()).to.equal(false);
        gate.release();
        await request.head;
        const failing = { path: '/sub/failing', key: newKey() };
        for (let n = 0; n < 2; n += 1) {
          const { status, text } = await client.send(failing);
          expect([status, text]).to.deep.equal([500, 'handled']);
        }
      });
    });

    describe('of a router', () => {
      const bench = serve(({ express, app, guard }) => {
        const router = express.Router();
        router.use(guard());
        router.post('/payments', made);
        app.use('/tenants/:tenant', router);
      });

      it('lets a request without a key pass, and has the path of its request', async () => {
        const { client } = bench();
        for (const run of [1, 2])
          expect((await client.send({ path: '/tenants/1/payments' })).json).to.deep.equal({ run });
        const key = newKey();
        for (const [path, run] of [
          ['/tenants/1/payments', 3],
          ['/tenants/1/payments', 3],
          ['/tenants/2/payments', 4],
        ] as const)
          expect((await client.send({ path, key })).json).to.deep.equal({ run });
      });
    });

    describe('inside of other middleware', () => {
      const bench = serve(({ app, guard }) => {
        const inner = guard();
        app.post(
          '/wrapped/:id',
          (req: Request, res: Response, next: NextFunction) => void inner(req, res, next),
          made,
        );
      });

      it('is one of a route all the same', async () => {
        const { client } = bench();
        expect((await client.send({ path: '/wrapped/1' })).status).to.equal(400);
        const key = newKey();
        expect((await client.send({ path: '/wrapped/1', key })).status).to.equal(200);
        expect((await client.send({ path: '/wrapped/2', key })).status).to.equal(422);
      });
    });
  });
});
