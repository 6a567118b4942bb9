import { effectMistakes } from './effect-mistakes.js';
import { errorMistakes } from './error-mistakes.js';
import { keyMistakes } from './key-mistakes.js';
import type { Mistake } from './mistake.js';
import { recoveryMistakes } from './recovery-mistakes.js';
import { transactionMistakes } from './transaction-mistakes.js';

/** Mistakes that teams make, each with the service that has it and the one that has not. */
export const mistakes: readonly Mistake[] = [
  ...keyMistakes,
  ...effectMistakes,
  ...transactionMistakes,
  ...recoveryMistakes,
  ...errorMistakes,
];
