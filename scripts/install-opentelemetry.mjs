// Installs the SDK of OpenTelemetry, which only its specs and its benchmark need. There is a project for each version that is alive: the
// newest does not run on Node.js 20.
import { installProject } from './install-project.mjs';

for (const name of ['sdk-2', 'sdk-3']) installProject(`spec/opentelemetry/${name}`);
