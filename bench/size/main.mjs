// Prints how large retrysafe is beside AWS Powertools, what of, and how long their imports take. Takes dist/ as it was
// built last.
//
//   node bench/size/main.mjs [--runs=20] [--node=<path of a Node.js to measure with>]
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { section } from './section.mjs';

const options = { runs: { type: 'string', default: '20' }, node: { type: 'string' } };
const { values } = optionsGiven();
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs > 0))
  refuse(`--runs is '${values.runs}'; expected how often each import is measured: a whole number, 1 or more`);
if (values.node !== undefined && !existsSync(values.node))
  refuse(`--node is '${values.node}', which is not there; expected the path of a Node.js`);

console.log(await section({ runs, ...(values.node && { node: values.node }) }));

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
