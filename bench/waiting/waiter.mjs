// The second process: it calls whatever key it is sent, and tells when it has its answer.
import { openStore } from '../../.build/spec-standard/support/store-description.js';
import { measuredOperation, now } from './operation.mjs';

const { store, close } = await openStore(JSON.parse(process.argv[2]));
const operation = measuredOperation(store, (key) => {
  throw new Error(`${key} ran a second time`);
});

// What is not measured as it should be is not measured.
process.on('warning', (warning) => {
  throw warning;
});
process.on('message', async (key) => {
  const answering = operation(key);
  process.send({ key });
  const { by } = await answering;
  const at = now();
  process.send({ key, answer: { at, by } });
});
process.once('disconnect', close);
process.send('ready');
