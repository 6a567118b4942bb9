/** How a call ends: with a value to return, or an error to throw. */
export type Ending = { readonly value: unknown } | { readonly error: unknown };
