import { shared } from '../../process/shared.js';

/** A compiled expression. */
export interface Expression {
  /** Whether it decodes text itself, as expressions for AWS Powertools do. It then reads the event as it arrived. */
  readonly decodesByItself: boolean;
  /**
   * Selects from a document. It calls `onParsed` with each value that it parses from a text in the document.
   *
   * @throws What JMESPath throws for this document.
   */
  select(document: unknown, onParsed?: (value: unknown) => void): unknown;
}

/** A compiled expression; or, where it is wrong, what would be right. */
export type CompiledExpression =
  | { readonly expression: Expression; readonly fault?: never }
  | { readonly fault: string; readonly expression?: never };

/**
 * Compiles an expression that is no plain path. Where a projection selects nothing from one of its elements, the expression calls
 * `onMissingPart`, which throws. Without that it drops the element, as plain JMESPath does.
 */
export type Compile = (text: string, onMissingPart?: () => never) => CompiledExpression;

/**
 * Has the compiler once an application has imported `retrysafe/jmespath`. All copies of the library in the process share it, so
 * another copy may call what one has registered.
 */
export const jmespath = shared('jmespath', () => ({}) as { compile?: Compile });
