import { storeLines } from './store-lines.js';
import { wholeLine } from './whole-line.js';

for (const line of storeLines) wholeLine(line);
