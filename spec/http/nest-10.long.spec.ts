import { nest10Server } from './servers/nest.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(nest10Server, 'nest-10');
