/** Why a request has no usable key. */
export type KeyFault = 'key-missing' | 'key-malformed' | 'key-too-long' | 'key-repeated';

// RFC 9651, section 3.3.3: printable ASCII in quotes, in which a quote and a backslash are escaped. Parameters may follow an item
// (section 3.1.2); none is defined for this header, and unknown ones are ignored.
const quoted =
  /^ *"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:%?"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[^\s",;]+))?)* *$/;

// Most clients send the bare value. Header lines that are joined have a comma in them, so a bare value has none.
const bare = /^ *([\x21\x23-\x2b\x2d-\x7e]+) *$/;

/**
 * Reads the key from the lines of its header: a structured-field string (draft-ietf-httpapi-idempotency-key-header-07, section
 * 2.1), or its bare value, which is the same key.
 */
export function readKey(
  lines: readonly string[],
  maxLength: number,
): { readonly key: string } | { readonly fault: KeyFault } {
  if (lines.length > 1) return { fault: 'key-repeated' };
  const [line] = lines;
  if (line === undefined) return { fault: 'key-missing' };
  const inQuotes = quoted.exec(line)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = inQuotes ?? bare.exec(line)?.[1];
  if (key === undefined || key === '') return { fault: 'key-malformed' };
  return key.length > maxLength ? { fault: 'key-too-long' } : { key };
}
