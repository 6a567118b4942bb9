import type { Layer } from './router-stack.js';

/** What a layer matches of a path: its pattern, and how many characters. */
export interface Mount {
  readonly pattern: string;
  readonly length: number;
}

/** Returns the pattern of a path, as it was given to a router: a text, a regular expression, or a list of them. */
export function patternText(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path);
}

/** Returns what a layer that mounts something matches at the beginning of a path. */
export function mountOf(layer: Layer, path: string): Mount | undefined {
  if (layer.slash || layer.regexp?.fast_slash) return { pattern: '', length: 0 };
  const match = layer.match(path);
  if (!match) return undefined;
  if (typeof match === 'object') return { pattern: patternText(match.pattern), length: match.path.length };
  const { path: matched = '', params = {} } = layer;
  const pattern = layer.regexp ? fromExpression(layer, matched) : fromParameters(matched, params);
  return { pattern, length: matched.length };
}

const indexed = new WeakMap<RegExp, RegExp>();

/** How an expression ends that Express 4 has made of the text of a mount. */
const ofText = '\\/?(?=\\/|$)';

/** Express 4 keeps the expression that it made of the pattern. What its groups match are the parameters. */
function fromExpression({ regexp, keys = [] }: Layer, path: string): string {
  const made = regexp as RegExp;
  if (!made.source.endsWith(ofText)) return String(made);
  const expression = indexed.get(made) ?? new RegExp(made.source, `${made.flags}d`);
  indexed.set(made, expression);
  const places = expression.exec(path)?.indices?.slice(1) ?? [];
  const literal = (text: string) => (made.ignoreCase ? text.toLowerCase() : text);
  let pattern = '';
  let from = 0;
  for (const [index, place] of places.entries()) {
    // An optional parameter that is not there, or one inside of another.
    if (!place || place[0] < from) continue;
    pattern += `${literal(path.slice(from, place[0]))}:${keys[index]?.name}`;
    from = place[1];
  }
  return pattern + literal(path.slice(from));
}

/**
 * Express 5.0 to 5.2 keep nothing of the pattern. The segments that are values of parameters are found. A wildcard, and a parameter that is a part
 * of a segment, stay what they matched: keys belong to that.
 */
function fromParameters(path: string, params: Readonly<Record<string, unknown>>): string {
  const parts = path.split('/');
  for (const [name, value] of Object.entries(params)) {
    const index = parts.findIndex((part) => part === value || part === encodeURIComponent(String(value)));
    if (index !== -1) parts[index] = `:${name}`;
  }
  return parts.join('/');
}
