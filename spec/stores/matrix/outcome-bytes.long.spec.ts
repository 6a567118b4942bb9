import { outcomesOfBytes } from './outcome-bytes.js';
import { otherLines } from './store-lines.js';

for (const line of otherLines) outcomesOfBytes(line);
