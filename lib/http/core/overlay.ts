/**
 * Properties that requests or responses have in place of those of their class. They are put between an object and its class, since to define
 * one on the object itself takes forty times as long.
 */
export class Overlay {
  readonly #laid = new WeakMap<object, object>();
  readonly #own = new WeakSet<object>();

  constructor(readonly properties: PropertyDescriptorMap) {}

  /** Lets an object have the properties. Returns the same object. */
  lay<T extends object>(target: T): T {
    const under: object = Object.getPrototypeOf(target);
    if (this.#own.has(under)) return target;
    let over = this.#laid.get(under);
    if (!over) {
      over = Object.create(under, this.properties) as object;
      this.#laid.set(under, over);
      this.#own.add(over);
    }
    return Object.setPrototypeOf(target, over);
  }
}
