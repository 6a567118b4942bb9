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
