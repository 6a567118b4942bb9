import { here } from './here.js';
import { type Globals, replaceAll } from './replace.js';

type Random = (...args: unknown[]) => unknown;

/**
 * Lets simulated processes draw by the seed of their test, until the returned function is called: by `Math.random()`, `randomUUID()`,
 * `randomBytes()`, `randomInt()` and `getRandomValues()`. Not by `randomFillSync()`, which packages use for stocks that they share.
 */
export function installVirtualChance(): () => void {
  const crypto = process.getBuiltinModule('node:crypto') as unknown as Globals;
  const webCrypto = globalThis.crypto as unknown as Globals | undefined;
  return replaceAll([
    [Math as unknown as Globals, 'random', (former: Random) => () => drawer()?.() ?? former()],
    [webCrypto, 'randomUUID', ofProcess(webCrypto, uuid)],
    [webCrypto, 'getRandomValues', ofProcess(webCrypto, fill)],
    [crypto, 'randomUUID', ofProcess(crypto, uuid)],
    [crypto, 'randomBytes', ofProcess(crypto, fill)],
    [crypto, 'randomInt', ofProcess(crypto, int)],
  ]);
}

/** What the code draws by that runs, if it belongs to a history. */
function drawer(): (() => number) | undefined {
  return here.getStore()?.chance;
}

/** Node.js checks the arguments, and what it has drawn is drawn anew. With a callback it is left to Node.js. */
function ofProcess(
  object: object | undefined,
  redraw: (chance: () => number, drawn: never, args: never) => unknown,
) {
  return (former: Random): Random =>
    (...args) => {
      const drawn = Reflect.apply(former, object, args);
      const chance = drawer();
      const isLeft = !chance || typeof args.at(-1) === 'function';
      return isLeft ? drawn : redraw(chance, drawn as never, args as never);
    };
}

function uuid(chance: () => number): string {
  const hex = fill(chance, Buffer.alloc(16)).toString('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function fill<T extends NodeJS.ArrayBufferView>(chance: () => number, drawn: T): T {
  const bytes = new Uint8Array(drawn.buffer, drawn.byteOffset, drawn.byteLength);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(chance() * 256);
  return drawn;
}

function int(chance: () => number, _drawn: number, [from, to]: readonly [number, number?]): number {
  const [least, limit] = to === undefined ? [0, from] : [from, to];
  return least + Math.floor(chance() * (limit - least));
}
