import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallState } from './checker.js';

/** The call that the code running just now belongs to: events and answers are told apart by it. */
export const callAtHand = new AsyncLocalStorage<CallState>();
