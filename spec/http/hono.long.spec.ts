import { honoServer } from './servers/hono.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(honoServer);
