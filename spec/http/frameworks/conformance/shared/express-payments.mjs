import { paths } from './payments.mjs';

/**
 * Adds the operations to an application of Express, of whichever version: authentication first, then the bodies, then `guard`,
 * and `unlessDone` around the handlers, for a guard that goes on to them when it has answered.
 */
export function addPayments({ app, express, payments, guard, unlessDone = (handler) => handler }) {
  app.get(paths.effects, (_request, response) => response.json({ effects: payments.effects }));
  app.use((request, response, next) => {
    if (payments.authenticate(request.get('authorization'))) next();
    else response.status(401).json({ message: 'Who are you?' });
  });
  app.get(paths.payments, (_request, response) => response.json([]));
  app.use(express.json(), express.raw());
  app.post([paths.payments, paths.slow, paths.refunds, paths.files], guard);
  const pay = unlessDone(async (request, response, next) => {
    try {
      const { status, headers, body } = await payments.pay(request.body, request.path);
      response.status(status).set(headers).json(body);
    } catch (error) {
      next(error);
    }
  });
  app.post([paths.payments, paths.slow, paths.refunds], pay);
  app.post(
    paths.files,
    unlessDone((request, response) => {
      response.status(201).type('application/octet-stream').send(payments.upload(request.body));
    }),
  );
}
