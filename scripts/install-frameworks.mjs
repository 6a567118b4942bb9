// Installs the frameworks, clients and peers that only the specs of HTTP need. They are two projects of their own, since NestJS 10 and 11
// do not go together.
import { installProject } from './install-project.mjs';

for (const name of ['frameworks', 'nest-10']) installProject(`spec/http/${name}`);
