import {
  type Completion,
  currentExecution,
  type IdempotencyRecord,
  type IdempotentOptions,
  makeIdempotent,
  type PersistenceStore,
} from 'retrysafe';

/** A process of an application that does transfers to accounts, in transactions that complete their calls. */
export interface TransferringApplication {
  readonly store: PersistenceStore;
  /** Adds a transfer to the account and completes the call, both or neither. */
  commit(account: string, completion: Completion): unknown;
  /** How many transfers the account has. They are counted, so that none is done twice unseen. */
  transfersOf(account: string): number | Promise<number>;
}

let count = 0;

/** One transfer to an account of its own, under a name of its own, as several processes are asked for it. */
export class Transfer<Application extends TransferringApplication> {
  readonly name: string;
  readonly account: string;
  /** Of the last run. */
  key = '';
  runs = 0;

  constructor(readonly options: IdempotentOptions) {
    count += 1;
    this.name = `transfer ${count}`;
    this.account = `account ${count} of ${process.pid}`;
  }

  /** Asks one process for it. Unless the spec has other work, that commits the receipt of the run and returns it. */
  at(
    application: Application,
    work: (application: Application) => Promise<unknown> = (here) => this.commitReceipt(here),
    more: IdempotentOptions = {},
  ): Promise<unknown> {
    return this.operation(application, work, more)(this.account);
  }

  operation(
    application: Application,
    work: (application: Application) => Promise<unknown>,
    more: IdempotentOptions = {},
  ): (account: string) => Promise<unknown> {
    return makeIdempotent(
      async (_account: string) => {
        this.key = currentExecution().key;
        this.runs += 1;
        return work(application);
      },
      { name: this.name, ...this.options, store: application.store, ...more },
    );
  }

  async commitReceipt(application: Application): Promise<{ readonly run: number }> {
    const receipt = { run: this.runs };
    await application.commit(this.account, await currentExecution().completion(receipt));
    return receipt;
  }

  /** The record that is really kept under the key. */
  current({ store }: Application): Promise<IdempotencyRecord | undefined> {
    return store.find(this.key, { consistent: true });
  }

  /** How often the method ran here, how often the business was really done, and what became of the key. */
  async traces(application: Application): Promise<{ runs: number; transfers: number; status: string }> {
    const { runs } = this;
    const transfers = await application.transfersOf(this.account);
    return { runs, transfers, status: (await this.current(application))?.state.status ?? 'none' };
  }
}
