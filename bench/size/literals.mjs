/** How many bytes of minified JavaScript are strings and templates, without the expressions inside of them. */
export function literalBytes(code) {
  let bytes = 0;
  // Of every brace that is open, whether a template goes on after it.
  const braces = [];
  for (let at = 0; at < code.length; ) {
    const goesOn = code[at] === '}' && braces.at(-1) === 'template';
    let end = at + 1;
    if (code[at] === '"' || code[at] === "'") {
      end = closing(code, at + 1, (text, index) => text[index] === code[at]) + 1;
      bytes += end - at;
    } else if (code[at] === '`' || goesOn) {
      if (goesOn) braces.pop();
      end = closing(code, at + 1, (text, index) => text[index] === '`' || text.startsWith('${', index));
      const opens = code[end] === '$';
      if (opens) braces.push('template');
      end += opens ? 2 : 1;
      bytes += end - at;
    } else if (
      code[at] === '/' &&
      /(?:^|[(,=:[!&|?{};~+\-*%<>^]|\b(?:return|typeof|case))$/.test(code.slice(0, at).slice(-8))
    ) {
      end = regularExpressionEnd(code, at + 1);
    } else if (code[at] === '{') braces.push('block');
    else if (code[at] === '}') braces.pop();
    at = end;
  }
  return bytes;
}

function closing(code, from, isEnd) {
  let at = from;
  while (at < code.length && !isEnd(code, at)) at += code[at] === '\\' ? 2 : 1;
  return at;
}

function regularExpressionEnd(code, from) {
  let isInClass = false;
  return (
    closing(code, from, (text, index) => {
      if (text[index] === '[') isInClass = true;
      if (text[index] === ']') isInClass = false;
      return text[index] === '/' && !isInClass;
    }) + 1
  );
}
