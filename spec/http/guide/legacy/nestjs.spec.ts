import { guideSuite } from '../guide-suite.js';
import { app, payments } from './nestjs.js';

guideSuite('nestjs.md', {
  make: async () => {
    await app.init();
    return app.getHttpServer();
  },
  payments,
  unauthenticated: /"message":"who\?"/,
});
