import { addListers } from './add-listers.js';

addListers();
