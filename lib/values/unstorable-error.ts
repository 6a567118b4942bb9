// A process may load two copies of this library: a codec of one may be an option of the other.
const brand = Symbol.for('retrysafe.unstorable');

/** Says why a part of a value cannot be stored, or read again. Its message is ours and repeats no value. */
export class UnstorableError extends TypeError {
  readonly [brand] = true;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, brand);
  }
}
