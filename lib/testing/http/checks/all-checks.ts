import type { HttpCheck } from '../http-check.js';
import { bodyChecks } from './body-checks.js';
import { concurrencyChecks } from './concurrency-checks.js';
import { errorChecks } from './error-checks.js';
import { identityChecks } from './identity-checks.js';
import { keyChecks } from './key-checks.js';
import { lostAnswerChecks } from './lost-answer-checks.js';
import { replayChecks } from './replay-checks.js';
import { reuseChecks } from './reuse-checks.js';
import { safeMethodChecks } from './safe-method-checks.js';

/** All checks, in the order of reports. */
export const allChecks: readonly HttpCheck[] = [
  ...keyChecks,
  ...safeMethodChecks,
  ...replayChecks,
  ...reuseChecks,
  ...concurrencyChecks,
  ...lostAnswerChecks,
  ...identityChecks,
  ...bodyChecks,
  ...errorChecks,
];
