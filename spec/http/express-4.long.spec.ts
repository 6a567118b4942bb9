import { express4Server } from './servers/express.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(express4Server, 'frameworks');
