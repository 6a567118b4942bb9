/*
 * A plain path, such as `'body.transactionId'`, is checked against the type of the first parameter. The check goes on while
 * each step is an object type with named properties. Any other expression is accepted unchecked, because a false error is
 * worse than a missing one.
 */

/** The characters that occur only in an expression of more than names and dots. */
type Special =
  | (' ' | '\t' | '\n' | '\r' | '[' | ']' | '(' | ')' | '{' | '}' | '"' | "'" | '`' | '|' | '&')
  | ('!' | '<' | '>' | '=' | '*' | '@' | ',' | ':' | '?' | '-' | '+' | '/' | '%' | '$');

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : false;
// biome-ignore lint/suspicious/noExplicitAny: it matches every function
type AnyFunction = (...args: any) => any;

/**
 * Whether the property names of `T` are everything that can be selected from it. `false` for a string, which may be JSON,
 * and for a union, which includes each optional property. Also `false` for a list, an index signature, an object with
 * symbols such as a Map, and a class with private members.
 */
type HasNames<T> =
  IsAny<T> extends true
    ? false
    : [T] extends [never]
      ? false
      : IsUnion<T> extends true
        ? false
        : [T] extends [object]
          ? [T] extends [readonly unknown[] | AnyFunction]
            ? false
            : string extends keyof T
              ? false
              : number extends keyof T
                ? false
                : [keyof T] extends [never]
                  ? false
                  : [Extract<keyof T, symbol>] extends [never]
                    ? [{ [K in keyof T]: T[K] }] extends [T]
                      ? true
                      : false
                    : false
          : false;

/** `'fine'`, or `never` if a step is not a property name. It is used as an index, so that type parameters compile too. */
type Verdict<T, Path extends string> =
  HasNames<T> extends true
    ? Path extends `${infer Head}.${infer Rest}`
      ? Head extends keyof T
        ? Verdict<T[Head], Rest>
        : never
      : Path extends keyof T
        ? 'fine'
        : never
    : 'fine';

type VerdictOn<T, Path extends string> = string extends Path
  ? 'fine'
  : Path extends '' | `${string}${Special}${string}`
    ? 'fine'
    : Verdict<T, Path>;

/** `Path` if it fits the first of `Args`. Otherwise a text that says what is wrong. */
// biome-ignore lint/suspicious/noExplicitAny: it matches the arguments of every method
export type CheckedPath<Path extends string, Args extends readonly any[]> =
  | (Path & { fine: unknown }[VerdictOn<Args[0], Path>])
  | ([VerdictOn<Args[0], Path>] extends [never] ? NoSuchPath<Path> : never);
/** The text that the compiler shows to the user. */
export type NoSuchPath<Path extends string> = `The first parameter has no property at ${Path}`;
