// Prints how large retrysafe is beside AWS Powertools, what of, and how long their imports take. Takes dist/ as it was
// built last.
//
//   node bench/size/main.mjs [--runs=20] [--nodes=<path of a Node.js>,<path>,…]
//
// The Node.js that runs it is always measured.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { whyMissed } from '../speed/arguments.mjs';
import { describedGoals } from '../speed/goals.mjs';
import { nodesAt } from './installed.mjs';
import { section } from './section.mjs';

const options = { runs: { type: 'string', default: '20' }, nodes: { type: 'string', default: '' } };
const { values } = optionsGiven();
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs > 0))
  refuse(`--runs is '${values.runs}'; expected how often each import is measured: a whole number, 1 or more`);
const paths = values.nodes.split(',').filter((path) => path !== '');
const missing = paths.find((path) => !existsSync(path));
if (missing !== undefined)
  refuse(`--nodes has '${missing}', which is not there; expected paths of Node.js, with commas between them`);

const nodes = nodesAt(paths);
const { goals, markdown } = await section({ runs, nodes });
console.log(`## Size and import time\n\n${describedGoals(goals, nodes, whyMissed.size)}\n\n${markdown}`);

function optionsGiven() {
  try {
    return parseArgs({ options });
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(why) {
  console.error(why);
  process.exit(2);
}
