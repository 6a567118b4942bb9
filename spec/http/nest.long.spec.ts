import { nestServer } from './servers/nest.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(nestServer);
