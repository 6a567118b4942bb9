// biome-ignore-all lint/suspicious/noExplicitAny: `unknown` and `never` are not related to every function here, `any` is
// biome-ignore-all lint/complexity/noBannedTypes: what a ClassDecorator takes is a Function
import type { IdempotentOptions } from '../options/options.js';

/*
 * How one decorator serves both modes. TypeScript (from 5.0) gives the call `Idempotent({…})` a
 * contextual return type: the signature it is about to call the decorator with. Five type parameters
 * are inferred from that signature, and from nothing else:
 *
 *   mode                   T (target)               C (context)         D (descriptor)         A, R
 *   standard               the method               its context object  unknown, there is none of T
 *   experimentalDecorators instance or constructor  the method's name   TypedPropertyDescriptor of D
 *
 * Overloads cannot do this (in standard mode they get no contextual type); nor can one tuple of
 * `...args` (with experimentalDecorators the compiler counts declared parameters, and crashes on a
 * mismatch); nor can A and R be taken from T and D (before TypeScript 5.5 that is stuck in a generic class).
 */

/** `T`, but nothing is inferred for it here. (`NoInfer` is of TypeScript 5.4.) */
type Sealed<T> = [T] extends [infer U] ? U : never;

/** `Real`, once T is inferred; while it is not, also a place to infer from. */
type Infers<T, Site, Real> = unknown extends T ? Site : Real;

/** The method that is decorated; `never` if it is anything else. (C is `never` for a method named by a number.) */
type MethodOf<T, C, D> = [C] extends [{ readonly kind: 'method' }]
  ? Sealed<T>
  : [C, D] extends [PropertyKey, TypedPropertyDescriptor<infer M>]
    ? M
    : never;

/** What `this` is in the method. */
export type ThisOf<T, C> = [C] extends [{ addInitializer(initializer: (this: infer S) => void): void }]
  ? S
  : Sealed<T>;

/**
 * Whether this is not (yet) a decoration: nothing is known of the target, as in
 * `const Retryable = () => Idempotent({…})`, or only what `MethodDecorator` says of it.
 */
export type IsLoose<T, C> = unknown extends T ? true : string | symbol extends C ? true : false;

/** The options a call takes: those of the method it decorates; of any method while that is not known. */
export type OptionsFor<
  T,
  C,
  A extends readonly any[],
  R,
  K extends string,
  S extends string,
  P extends string,
> =
  IsLoose<T, C> extends true
    ? IdempotentOptions
    : IdempotentOptions<ThisOf<T, C>, SealedArgs<A>, Awaited<Sealed<R>>, K, S, P>;
export type SealedArgs<A extends readonly any[]> = [A] extends [infer U extends readonly any[]] ? U : never;

/** What a user reads: "Argument of type … is not assignable to parameter of type '<the text>'". */
export type NotAMethod<Title extends string = '@Idempotent()'> =
  `${Title} is written with parentheses and decorates methods only: not a class, accessor, field or parameter`;
export type NotAPromise<Title extends string = '@Idempotent()'> =
  `${Title} needs a method that returns a Promise: make it async`;

/**
 * `T`, or the text of what is wrong with it. The method has to return a promise, and one that a native
 * promise can stand in for, in each of its overloads: hence both directions. It is the target that
 * gets the text for its type; another number of parameters would crash compilers.
 */
export type MustReturnPromise<T, C, D, Title extends string = '@Idempotent()'> = unknown extends C
  ? NotAMethod<Title>
  : string | symbol extends C
    ? T
    : [MethodOf<T, C, D>] extends [never]
      ? NotAMethod<Title>
      : [MethodOf<T, C, D>] extends [(...args: any) => PromiseLike<any>]
        ? [(...args: any) => Promise<never>] extends [MethodOf<T, C, D>]
          ? T
          : NotAPromise<Title>
        : [MethodOf<T, C, D>] extends [(...args: any) => any]
          ? NotAPromise<Title>
          : NotAMethod<Title>;

/** The decorator for the one method it was inferred from. */
export type StrictDecorator<T, C, D, A extends readonly any[], R, Title extends string = '@Idempotent()'> = (
  target: Infers<T, (...args: A) => R, MustReturnPromise<T, C, D, Title>>,
  context?: C,
  descriptor?: Infers<T, TypedPropertyDescriptor<(...args: A) => R> | D, D>,
) => void;

/** A decorator for any method in either mode, also a `MethodDecorator`. What it decorates is checked when it does. */
export type LooseDecorator<Title extends string = '@Idempotent()'> = <T, C, D>(
  target: MustReturnPromise<T, C, D, Title>,
  context?: C,
  descriptor?: D,
) => void;

/** What `Idempotent()` returns. `Title` is what messages of the compiler call the decorator. */
export type IdempotentDecorator<
  T,
  C,
  D,
  A extends readonly any[],
  R,
  Title extends string = '@Idempotent()',
> = IsLoose<T, C> extends true ? LooseDecorator<Title> : StrictDecorator<T, C, D, A, R, Title>;

/** A class decorator in both modes; also a `ClassDecorator`. */
export type DefaultsDecorator = (target: Function, context?: ClassDecoratorContext) => void;

/** Any function that returns a promise. */
export type AsyncFunction = (this: any, ...args: any[]) => Promise<any>;

/** The parameters of a function; of the last overload, or with the constraints, of an overloaded or generic one. */
export type ArgsOf<M> = M extends (...args: infer A) => any ? A : any[];

/** The options for a function. */
export type FunctionOptions<
  F extends AsyncFunction,
  K extends string,
  S extends string,
  P extends string,
> = IdempotentOptions<ThisParameterType<F>, ArgsOf<F>, Awaited<ReturnType<F>>, K, S, P>;

/** The names of private methods, which no type knows. */
export type PrivateName = `#${string}`;

/** What stands second in `recordOf` and `keyOf`: after a function its first argument, after a service a method's name. */
export type SecondOf<S> = S extends AsyncFunction
  ? ArgsOf<S>[0]
  : { [K in keyof S]-?: S[K] extends (...args: any) => PromiseLike<any> ? K : never }[keyof S];

/** What follows then: the arguments of the method, or what is left of the function's. */
export type RestOf<S, K> =
  IsPrivateName<K> extends true
    ? readonly unknown[]
    : S extends AsyncFunction
      ? WithoutFirst<ArgsOf<S>>
      : K extends keyof S
        ? ArgsOf<S[K]>
        : never;

/** Asked before anything about `S`, which is a `this` inside of a class, where private methods are asked for. */
type IsPrivateName<K> = [PrivateName] extends [K] ? false : K extends PrivateName ? true : false;
type WithoutFirst<A extends readonly any[]> = A extends readonly [any?, ...infer R] ? R : never;

/**
 * `S`, or the text of what is missing, where nothing stands second. One signature serves services and functions: of
 * several, compilers say no more than that none of them matches.
 */
export type NotAlone<S, K> = [K] extends [never]
  ? S extends AsyncFunction
    ? S extends () => Promise<any>
      ? S
      : NoArguments
    : NoMethodName
  : S;
export type NoArguments =
  'After the function come the arguments of the call, as in recordOf(placeHold, request)';
export type NoMethodName =
  "After the service comes the name of a method, as in recordOf(service, 'placeHold', request)";
