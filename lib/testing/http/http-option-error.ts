/** An option of the kit is wrong, or unknown. */
export class HttpOptionError extends TypeError {
  constructor(
    /** The name of the option. */
    readonly option: string,
    /** What it has to be. */
    readonly expected: string,
  ) {
    super(`httpConformance: option "${option}": expected ${expected}`);
  }
}
