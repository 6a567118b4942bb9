import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallState } from './checker.js';
import type { Decision } from './decision-rules.js';

/** The call that the code running just now belongs to: events and answers are told apart by it. */
export const callAtHand = new AsyncLocalStorage<CallState>();

/** The decision of an operator that the code running just now carries out. */
export const decisionAtHand = new AsyncLocalStorage<Decision>();
