import { koaServer } from './servers/koa.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(koaServer, 'frameworks');
