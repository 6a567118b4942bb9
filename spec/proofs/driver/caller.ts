import { AsyncLocalStorage } from 'node:async_hooks';
import { ClaimLostError, IdempotencyError, StoreError } from 'retrysafe';
import type { Script } from './scenario.js';

/** Whose code is running. */
export const contexts = new AsyncLocalStorage<string>();

/** One who calls an operation. Its name is its asynchronous context. */
export interface Caller {
  readonly name: string;
  readonly key: string;
  readonly script: Script;
  /** Whether an operator had decided what equal calls get, and knew it, when the call began. */
  readonly isAfterAnswer: boolean;
  /** Whether the call has returned its promise. */
  isReturned: boolean;
  state: 'calling' | 'ended';
  runs: number;
  isRunning: boolean;
  /** How many completions it has asked for and not got. */
  asking: number;
  value?: unknown;
  error?: unknown;
}

export type Call = (caller: Caller) => Promise<unknown>;

/** What a method throws where the checker says so. */
export class MethodFailed extends Error {}

/** Whether a call was refused before its method ran. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof IdempotencyError && !(error instanceof StoreError || error instanceof ClaimLostError)
  );
}
