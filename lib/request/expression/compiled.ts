/** A compiled expression. */
export interface Expression {
  /** Whether it decodes text by itself, as expressions for AWS Powertools do, and so wants the event untouched. */
  readonly decodesByItself: boolean;
  /**
   * Selects from a document, and tells `onParsed` each value that it parsed from a text in it.
   *
   * @throws Whatever JMESPath has against this document.
   */
  select(document: unknown, onParsed?: (value: unknown) => void): unknown;
}

/** An expression, or what would be right. */
export type Compiled =
  | { readonly expression: Expression; readonly fault?: never }
  | { readonly fault: string; readonly expression?: never };
