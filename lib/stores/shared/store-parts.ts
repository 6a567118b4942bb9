/**
 * The getter by which a store tells a tool what it is made of: its kind, its client and its table. By a registered symbol, since the tool may
 * be of another copy of this library.
 */
export const storeParts = Symbol.for('retrysafe.store-parts');
