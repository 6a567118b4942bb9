type Put = (name: string | number, value: unknown) => void;

/** The elements of a list, in turn. */
export class Elements {
  #at = 0;

  constructor(readonly corrects: Put) {}

  put(value: unknown): void {
    this.corrects(this.#at, value);
  }

  sees(): void {}

  next(): void {
    this.#at += 1;
  }

  finish(): void {}
}

/** The properties of an object, in the turn of the text. Of several with one name the last counts. */
export class Properties {
  readonly #corrected = new Map<string, unknown>();
  #name: readonly [start: number, end: number] | undefined;
  #isCorrected = false;

  constructor(
    readonly corrects: Put,
    readonly json: string,
  ) {}

  put(value: unknown): void {
    this.#corrected.set(this.#read(), value);
    this.#isCorrected = true;
  }

  /** A string is a name or, after it, a value. */
  sees(start: number, end: number): void {
    this.#name ??= [start, end];
  }

  next(): void {
    if (this.#corrected.size > 0 && !this.#isCorrected) this.#corrected.delete(this.#read());
    this.#name = undefined;
    this.#isCorrected = false;
  }

  finish(): void {
    this.next();
    for (const [name, value] of this.#corrected) this.corrects(name, value);
  }

  #read(): string {
    return JSON.parse(this.json.slice(...(this.#name as [number, number])));
  }
}
