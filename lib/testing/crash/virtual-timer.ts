import { AsyncResource } from 'node:async_hooks';

/** A timer of a simulated process. It fires in the context in which it was set, as those of Node.js do. */
export class VirtualTimer extends AsyncResource {
  isReferenced = true;

  constructor(
    readonly timers: Set<VirtualTimer>,
    readonly clock: { readonly now: number },
    readonly delay: number,
    readonly run: () => void,
    readonly isRepeated: boolean,
    public at = clock.now + delay,
  ) {
    super('VirtualTimer');
    timers.add(this);
  }

  /** Fires. One that is repeated is due again. */
  fire(): void {
    if (this.isRepeated) this.at += this.delay;
    else this.timers.delete(this);
    this.runInAsyncScope(this.run);
  }

  ref(): this {
    this.isReferenced = true;
    return this;
  }

  unref(): this {
    this.isReferenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.isReferenced;
  }

  refresh(): this {
    this.at = this.clock.now + this.delay;
    this.timers.add(this);
    return this;
  }

  close(): this {
    this.timers.delete(this);
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
