import { otherLines } from './store-lines.js';
import { wholeLine } from './whole-line.js';

for (const line of otherLines) wholeLine(line);
