import type { Completion, IdempotencyRecord, PersistenceStore } from 'retrysafe';
import { callAtHand, decisionAtHand } from './call-at-hand.js';
import type { CallState, Checker } from './checker.js';
import type { Host, SimulatedClock } from './clock.js';
import type { Database } from './database.js';
import type { Climate } from './history.js';
import { type OpenTransaction, SqlServer } from './models/sql.js';
import { Listener } from './notices.js';
import type { ProtocolTraces } from './protocol-traces.js';
import type { StoreModel } from './store-model.js';
import type { Trace } from './trace.js';
import { type Fault, fair, requestName, type Weather, weatherOf } from './weather.js';

/** How long an application's own database client waits for an answer. */
const CLIENT_PATIENCE = 2_000;

/** The network between all processes and the database. */
export class Network {
  /** What is wrong with the whole of it just now, or with what single processes see of it. */
  readonly outages = new Set<{ readonly process: number | undefined; readonly fault: Fault }>();
  losesNotices = false;
  /** Requests that met something else than fair weather, by what it was: what a shrinker may try to calm. */
  readonly rough: string[] = [];

  constructor(
    readonly clock: SimulatedClock,
    readonly database: Database,
    readonly model: StoreModel,
    readonly climate: Climate,
    readonly trace: Trace,
    readonly checker: Checker,
    /** For how long every call listens to a request, in milliseconds. */
    readonly patience: number,
    readonly traces: ProtocolTraces | undefined,
  ) {}

  /** Milliseconds until a notice arrives that is sent now, if it does. */
  noticeDelay(): number | undefined {
    this.checker.counted(this.losesNotices ? 'lost notice' : 'notice');
    return this.losesNotices ? undefined : 1;
  }

  weather(host: Host, process: number, n: number): Weather {
    const weather = weatherOf(this.climate, this.model.faults, host.name, n);
    for (const { process: victim, fault } of this.outages) {
      if (victim === undefined || victim === process) return { ...weather, kind: fault };
    }
    return weather;
  }
}

/** The database as one process reaches it: every request meets the weather. */
export class Connection implements PersistenceStore {
  /** Present where the model has notices. */
  readonly changed?: (key: string, signal: AbortSignal) => Promise<void>;
  readonly listener: Listener | undefined;
  #requests = 0;

  constructor(
    readonly network: Network,
    readonly host: Host,
    readonly process: number,
    /** Nothing ever happens to the requests of this one. */
    readonly isSpared = false,
  ) {
    if (!network.model.hasNotices) return;
    const { clock, database } = network;
    const listener = new Listener(clock, host, database, () => network.noticeDelay());
    this.listener = listener;
    this.changed = (key, signal) => listener.changed(key, signal);
  }

  claim(record: IdempotencyRecord, now: number): Promise<IdempotencyRecord> {
    const { checker, database, traces } = this.network;
    const call = callAtHand.getStore();
    if (call && record.state.fingerprint !== undefined)
      checker.payloads.set(record.state.fingerprint, call.plan.payload);
    traces?.sends(record, { host: this.host, call });
    return this.#send(`claim ${this.network.trace.token(record.token)}`, () =>
      database.claim(record, now, this.host),
    );
  }

  replace(record: IdempotencyRecord, token: string): Promise<IdempotencyRecord | undefined> {
    const { checker, database, trace, traces } = this.network;
    const decision = decisionAtHand.getStore();
    if (decision) checker.decisions.sends(record, decision);
    traces?.sends(record, { token, host: this.host, call: callAtHand.getStore(), decision });
    return this.#send(`replace ${trace.token(token)} by ${trace.token(record.token)}`, () =>
      database.replace(record, token, this.host),
    );
  }

  find(key: string, options?: { readonly consistent?: boolean }): Promise<IdempotencyRecord | undefined> {
    const { database, model } = this.network;
    const mayLag = model.hasStaleReads && !options?.consistent;
    return this.#send('find', ({ lag }) => database.find(key, mayLag ? lag : 0, this.host));
  }

  /** Does the work and completes it in one transaction. Rejects where it was rolled back, or where its end is unknown. */
  async transact(completion: Completion): Promise<void> {
    const { database, trace } = this.network;
    const name = `${trace.token(completion.token)} by ${trace.token(completion.record.token)}`;
    if (database instanceof SqlServer) return this.#transactByStatements(database, completion, name);
    const request = { ...completion };
    const isDone = await this.#sendPatiently(`transaction ${name}`, () =>
      database.commit(request, this.host),
    );
    if (!isDone) throw new TransactionFailed('cancelled');
  }

  async #transactByStatements(server: SqlServer, completion: Completion, name: string): Promise<void> {
    let transaction: OpenTransaction | undefined;
    try {
      await this.#sendPatiently(`complete ${name}`, async () => {
        transaction = await server.begin(completion, this.host);
      });
      const end = await this.#sendPatiently(`COMMIT ${name}`, () => transaction?.end('committed'));
      if (end !== 'committed') throw new TransactionFailed('rolled back');
    } catch (error) {
      if (transaction?.isCommitted) this.network.checker.counted('lost COMMIT');
      // The client closes the connection, and the server then rolls back what is open on it.
      this.network.clock.schedule(server.host, 1, () => transaction?.end('rolled back'));
      throw error instanceof TransactionFailed
        ? error
        : new TransactionFailed('rolled back, or not answered');
    }
  }

  /** An application's own client gives up what is not answered. */
  #sendPatiently<T>(what: string, apply: () => Promise<T> | T): Promise<T> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new TransactionFailed('no answer in time')), CLIENT_PATIENCE);
      const settle = () => clearTimeout(patience);
      const fail = (error: unknown) =>
        reject(error instanceof TransactionFailed ? error : new TransactionFailed(String(error)));
      this.#send(what, apply).then(resolve, fail).then(settle, settle);
    });
  }

  #send<T>(what: string, apply: (weather: Weather) => Promise<T> | T): Promise<T> {
    const { clock, network, host } = this;
    const call = callAtHand.getStore();
    const who = call ?? decisionAtHand.getStore();
    if (who) who.asked += 1;
    const sentAt = clock.now;
    const n = this.#requests++;
    const weather = this.isSpared ? fair : network.weather(host, this.process, n);
    const { kind, there, back, again, secondCounts } = weather;
    network.checker.counted(`request: ${kind}`);
    if (kind !== 'arrives' || weather.lag > 0 || there + back > 40)
      network.rough.push(requestName(host.name, n));
    network.trace.note(host.name, () => `sends ${what}${kind === 'arrives' ? '' : `: ${kind}`}`);
    return new Promise((resolve, reject) => {
      // A process that has just died sends nothing any more.
      if (host.state === 'dead' || kind === 'request lost') return;
      if (kind === 'refused') {
        clock.schedule(host, back, () => reject(new Error('connection refused')));
        return;
      }
      const arrive = (delay: number, isHeard: boolean) => {
        clock.schedule(network.database.host, delay, async () => {
          const answer = await outcomeOf(() => apply(weather));
          network.trace.note('database', () => `${what} of ${host.name}: ${network.trace.answer(answer)}`);
          if (!isHeard || kind === 'answer never comes') return;
          clock.schedule(host, back, () => {
            if (kind === 'answer lost') reject(new Error('connection reset'));
            else if ('fault' in answer) reject(answer.fault);
            else {
              if (who && clock.now - sentAt < network.patience) who.heard += 1;
              this.#tellOf(answer.value, call, sentAt);
              resolve(answer.value);
            }
          });
        });
      };
      arrive(there, kind !== 'sent twice' || !secondCounts);
      if (kind === 'sent twice') arrive(there + again, secondCounts);
    });
  }

  /** Notes whether an answer showed a call who holds its key, as far as it came before the call gave it up. */
  #tellOf(answer: unknown, call: CallState | undefined, sentAt: number): void {
    const { clock, network, host } = this;
    const record = answer as Partial<IdempotencyRecord> | undefined;
    if (!call || call.runs > 0 || typeof record?.token !== 'string') return;
    const isHeard = clock.now - sentAt < network.patience;
    if (isHeard && (record.expiresAt ?? 0) > clock.nowAt(host)) call.hasSeenHolder = true;
  }

  get clock(): SimulatedClock {
    return this.network.clock;
  }
}

/** A transaction of the application that was rolled back, or of which the application does not know. */
export class TransactionFailed extends Error {
  override readonly name = 'TransactionFailed';
}

async function outcomeOf<T>(apply: () => Promise<T> | T): Promise<{ value: T } | { fault: unknown }> {
  try {
    return { value: await apply() };
  } catch (fault) {
    return { fault };
  }
}
