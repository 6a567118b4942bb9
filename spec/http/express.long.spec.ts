import { expressServer } from './servers/express.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(expressServer);
