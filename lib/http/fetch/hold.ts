import { executions } from '../../engine/execution/execution.js';

/** Whether a run still holds its key. To be made in the run, which has one. */
export class Hold {
  #loss: unknown;
  #giveUp: ((loss: unknown) => void) | undefined;

  constructor() {
    executions.getStore()?.whenLost((loss) => {
      this.#loss = loss;
      this.#giveUp?.(loss);
    });
  }

  /** Settles as the work does, unless the key is lost before that: then it rejects with the reason. One work at a time. */
  during<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      if (this.#loss) reject(this.#loss);
      else this.#giveUp = reject;
    });
  }
}
