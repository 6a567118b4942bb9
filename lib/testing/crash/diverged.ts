import { ConfigurationError } from '../../errors.js';

/** Returns the error for a history that took another turn when it was lived through once more. */
export function diverged(what: string): ConfigurationError {
  return new ConfigurationError(
    `crashTest: a history took another turn when it was lived through once more: ${what}. Something that \`setUp\` does not make anew decides what happens, such as a variable of a module, or chance that is not drawn by Math.random() or randomUUID(). Make it in \`setUp\`, or wrap it by effect`,
  );
}
