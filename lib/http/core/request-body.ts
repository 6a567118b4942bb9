/** A file of a form that a parser has read: its bytes, or their SHA-256 digest in base64url where they are not in memory. */
export type UploadedFile = {
  readonly field: string;
  readonly name: string;
  readonly type: string;
} & ({ readonly bytes: Uint8Array } | { readonly digest: string });

/** The body of a request, as an adapter has it. */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** What a parser made of it, where the bytes are gone. */
  | { readonly kind: 'parsed'; readonly value: unknown; readonly files?: readonly UploadedFile[] }
  /** It has more bytes than are read. */
  | { readonly kind: 'too-large' };
