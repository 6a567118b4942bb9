import { nestFastifyServer } from './servers/nest.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(nestFastifyServer, 'frameworks');
