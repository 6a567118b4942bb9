// Entries of `classes` and `remember`, in both modes. Type-checked with the specs; nothing here runs.
// biome-ignore-all format: one case a line, so that each expected error has its own line
import { type ClassEntry, configureIdempotency, IdempotencyDefaults, Idempotent, makeIdempotent } from 'retrysafe';
import { ok, type Same } from './kit.js';

class Decimal { readonly #text: string; constructor(text: string) { this.#text = text; } override(): string { return this.#text; } }
class Secluded { private constructor(readonly at: number) {} static from(at: number): Secluded { return new Secluded(at); } }
class Box<T> { constructor(readonly content: T) {} }
interface Made { readonly issues: string[] }
declare const Made: { new (issues: string[]): Made };

// ---------------------------------------------------------------- accepted

const decimal: ClassEntry<Decimal, string> = {
  class: Decimal, name: 'Decimal',
  to: (value) => { ok<Same<typeof value, Decimal>>(); return value.override(); },
  from: (text) => { ok<Same<typeof text, string>>(); return new Decimal(text); },
};
const secluded: ClassEntry<Secluded, number> = { class: Secluded, name: 'Secluded', to: (value) => value.at, from: (at) => Secluded.from(at) };
const box: ClassEntry<Box<unknown>> = { class: Box, name: 'Box', to: ({ content }) => content, from: (content) => new Box(content) };
const made: ClassEntry<Made, string[]> = { class: Made, name: 'Made', to: ({ issues }) => issues, from: (issues) => new Made(issues) };
const renamed: ClassEntry<Decimal> = { class: Decimal, name: 'Decimal' };
const classes = [decimal, secluded, box, made, renamed, Box, Decimal, { class: Decimal, name: 'Decimal' }];
makeIdempotent(async () => 1, { classes, remember: [RangeError, made, { class: RangeError, name: 'RangeError' }] });
makeIdempotent(async () => 1, { classes: [{ class: Decimal, name: 'Decimal', to: (value: Decimal) => value.override(), from: (text: string) => new Decimal(text) }] });
makeIdempotent(async () => 1, { classes: [{ class: Decimal, name: 'Decimal', to: (value) => value.override(), from: (text) => new Decimal(text) }] });
configureIdempotency({ classes, remember: [made] });
@IdempotencyDefaults({ classes })
export class Shop { @Idempotent({ classes: [decimal], remember: [made] }) async buy(price: Decimal): Promise<Decimal> { return price; } }

// ---------------------------------------------------------------- refused

// @ts-expect-error `to` takes another instance
export const wrongTo: ClassEntry<Decimal, string> = { class: Decimal, name: 'Decimal', to: (value: Secluded) => String(value.at), from: (text) => new Decimal(text) };
// @ts-expect-error `from` returns no instance
export const wrongFrom: ClassEntry<Decimal, string> = { class: Decimal, name: 'Decimal', to: (value) => value.override(), from: (text) => text };
// @ts-expect-error `from` takes something else than what `to` gives
export const wrongData: ClassEntry<Decimal, string> = { class: Decimal, name: 'Decimal', to: (value) => value.override(), from: (text: number) => new Decimal(String(text)) };
// @ts-expect-error `from` is asynchronous
export const asynchronous: ClassEntry<Decimal, string> = { class: Decimal, name: 'Decimal', to: (value) => value.override(), from: async (text) => new Decimal(text) };
// @ts-expect-error another class
export const otherClass: ClassEntry<Decimal, string> = { class: Secluded, name: 'Decimal', to: (value) => value.override(), from: (text) => new Decimal(text) };
// @ts-expect-error no name
export const nameless: ClassEntry<Decimal> = { class: Decimal };
// @ts-expect-error half of it
export const half: ClassEntry<Decimal, string> = { class: Decimal, name: 'Decimal', to: (value) => value.override() };
// @ts-expect-error misspelt
makeIdempotent(async () => 1, { classes: [{ class: Decimal, name: 'Decimal', form: () => 1 }] });
// @ts-expect-error no class
makeIdempotent(async () => 1, { classes: [{ name: 'Decimal' }] });
