/*
 * A plain path, such as `'body.transactionId'`, is checked against the type of the first parameter while every step is an
 * object type with names. Of anything else nothing is known here, so it is taken as it is: a false error is worse than none.
 */

/** What makes an expression more than names and dots. */
type Special =
  | (' ' | '\t' | '\n' | '\r' | '[' | ']' | '(' | ')' | '{' | '}' | '"' | "'" | '`' | '|' | '&')
  | ('!' | '<' | '>' | '=' | '*' | '@' | ',' | ':' | '?' | '-' | '+' | '/' | '%' | '$');

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsUnion<T, Whole = T> = T extends unknown ? ([Whole] extends [T] ? false : true) : false;
// biome-ignore lint/suspicious/noExplicitAny: any function
type AnyFunction = (...args: any) => any;

/**
 * Whether all that can be selected from `T` is known by its names. Not of a text, which may be JSON, nor of a union, which an
 * optional part is; nor of a list, an index signature, an object with symbols such as a Map, or a class with private members.
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

/** `'fine'`, or `never` where a step is none of the names. In that form, so that a type parameter is fine as well. */
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

/** `Path` as an expression over the first of `Args`; the text of what is wrong where it is mistyped. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of every method
export type CheckedPath<Path extends string, Args extends readonly any[]> =
  | (Path & { fine: unknown }[VerdictOn<Args[0], Path>])
  | ([VerdictOn<Args[0], Path>] extends [never] ? NoSuchPath<Path> : never);
/** What a user reads. */
export type NoSuchPath<Path extends string> = `The first parameter has no property at ${Path}`;
