import { type Child, make } from './elements.js';

/*
 * Keys, operations, names and reasons come from elsewhere. They are shown as texts, each isolated from the direction of its neighbours, and with
 * what one does not see made visible: a character that turns the direction could show another key than it is.
 */

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** A text from elsewhere, where an element can have no other in it. */
export function visible(text: string): string {
  return text.replace(unseen, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

/** A text from elsewhere. */
export function foreign(text: string, className?: string): HTMLElement {
  return make('bdi', { class: className }, visible(text));
}

/** A text of lines from elsewhere. */
export function foreignLines(text: string): HTMLElement {
  return make(
    'bdi',
    {},
    ...text.split('\n').map((line, index) => `${index === 0 ? '' : '\n'}${visible(line)}`),
  );
}

/** A key, whose digest is shortened where there is little room. The whole of it is its title, and can be copied. */
export function keyText(key: string, isWhole = false): HTMLElement {
  if (isWhole || key.length <= 28) return foreign(key, 'key');
  const end = key.lastIndexOf('#');
  const digest = end < 0 ? key : key.slice(end + 1);
  const shown = digest.length > 16 ? `${digest.slice(0, 8)}…${digest.slice(-6)}` : digest;
  return make('bdi', { class: 'key', title: visible(key) }, visible(shown));
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A length of time in its largest unit, such as `3 h`. */
export function lengthText(ms: number): string {
  const [unit, size] = units.find(([, least]) => Math.abs(ms) >= least) ?? ['s', 1_000];
  return `${Math.round(Math.abs(ms) / size)} ${unit}`;
}

/** The end of the year 9999: a record that stays until it is resolved. */
const LATEST_INSTANT = 253_402_300_799_999;

/** An instant, as how long ago it was. `now` is the server's. */
export function ago(at: number | undefined, now: number): Child {
  if (at === undefined) return make('span', { class: 'none' }, '–');
  if (at >= LATEST_INSTANT) return 'when it is resolved';
  return timeElement(at, at > now ? `in ${lengthText(at - now)}` : `${lengthText(now - at)} ago`);
}

/** An instant, as date and time. */
export function instant(at: number | undefined): Child {
  if (at === undefined) return make('span', { class: 'none' }, 'not recorded');
  return at >= LATEST_INSTANT ? 'when it is resolved' : timeElement(at, whole(at));
}

function timeElement(at: number, text: string): HTMLElement {
  const iso = isoOf(at);
  return iso === undefined
    ? make('span', {}, String(at))
    : make('time', { datetime: iso, title: `${whole(at)} (${iso})` }, text);
}

/** A record may say anything. */
function isoOf(at: number): string | undefined {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function whole(at: number): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function numberText(value: number): string {
  return value.toLocaleString();
}

/** `1 record`, `2 records`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

const ageUnits: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads an age such as `15m`, in milliseconds, or `undefined` where it is none. */
export function ageMsOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,6})\s*([smhd])$/.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * (ageUnits[unit] ?? Number.NaN);
}
