// Installs the clients of queues, and the stand-in for SQS, that only the specs of queues need.
import { installProject } from './install-project.mjs';

installProject('spec/queues/clients');
