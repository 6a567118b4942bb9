/** The quoted parts of an expression, with quotes of any kind. */
export const quoted = /("(?:\\.|[^"])*"|`(?:\\.|[^`])*`|'(?:\\.|[^'])*')/;

/** Puts names with hyphens into double quotes. JMESPath reads a hyphen outside of quotes as a minus. */
export function quoteHyphens(text: string): string {
  return text
    .split(quoted)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[A-Za-z_]\w*(?:-\w+)+/g, '"$&"')))
    .join('');
}

/** What is right in place of an expression that subtracts names. */
export function describeHyphens(text: string): string {
  const quotedText = quoteHyphens(text);
  const remedy = isOneName(quotedText) ? 'put the name into double quotes' : `write ${quotedText}`;
  const advice =
    quotedText === text
      ? 'a key of several parts is a list, such as [userId, orderId]'
      : `JMESPath reads a hyphen as a minus: ${remedy}`;
  return `free of arithmetic on names; ${advice}`;
}

// One name may be a secret in the wrong place and no expression, so it is not repeated.
function isOneName(text: string): boolean {
  return /^"[^"]*"$/.test(text);
}
