import { lambdaServer } from './servers/lambda.js';
import { httpSuite } from './suite/http-suite.js';

for (const gateway of ['rest', 'http', 'url', 'alb', 'alb-lists'] as const) httpSuite(lambdaServer(gateway));
