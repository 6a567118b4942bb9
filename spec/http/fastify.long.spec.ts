import { fastifyServer } from './servers/fastify.js';
import { httpSuite } from './suite/http-suite.js';

httpSuite(fastifyServer);
