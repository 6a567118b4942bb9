import { outcomesOfBytes } from './outcome-bytes.js';
import { storeLines } from './store-lines.js';

for (const line of storeLines) outcomesOfBytes(line);
