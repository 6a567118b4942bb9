import { fetchServer } from './servers/fetch.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(fetchServer);
