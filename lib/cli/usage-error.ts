/** A command was not given as it is meant to be. The message names the option and says what is right. */
export class UsageError extends Error {}
