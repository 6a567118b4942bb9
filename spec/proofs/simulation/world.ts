import { makeIdempotent } from 'retrysafe';
import { randomFrom } from '../../support/random.js';
import { AnswerRules, type Ending } from './answer-rules.js';
import { application } from './application.js';
import { callAtHand } from './call-at-hand.js';
import { type CallState, Checker } from './checker.js';
import { Host, SimulatedClock } from './clock.js';
import { endingOf, told } from './endings.js';
import type { Act, Decisive, History, PlannedCall } from './history.js';
import { Connection, Network } from './network.js';
import { type Args, type Engine, type Operation, operation } from './operation.js';
import { decide } from './operator.js';
import { ProtocolTraces } from './protocol-traces.js';
import type { StoreModel } from './store-model.js';
import { Trace } from './trace.js';
import { mixed } from './weather.js';

/** One life of a process, with its view of the database. */
export interface Place {
  readonly host: Host;
  /** Which of the planned processes it is a life of. */
  readonly index: number;
  readonly connection: Connection;
}

/** A process with the operation in it. */
export interface SimulatedProcess extends Place {
  readonly call: Operation;
  /** An instance of Lambda is busy with one invocation at a time. */
  isBusy: boolean;
}

/** Where a history is lived through: its clock, its network, and what is running in it just now. */
export class World {
  readonly clock = new SimulatedClock();
  readonly checker: Checker;
  readonly answers: AnswerRules;
  readonly trace: Trace;
  readonly network: Network;
  /** What the specification is asked about, where it is. */
  readonly traces: ProtocolTraces | undefined;
  /** Calls that have begun, and have not ended nor died with their process. */
  readonly unsettled = new Set<CallState>();
  readonly #calls = new Map<number, CallState>();
  readonly #places: Place[] = [];
  readonly #processes: (SimulatedProcess | undefined)[] = [];
  readonly #instances: SimulatedProcess[] = [];
  readonly #skews: number[];
  readonly #lives = new Map<string, number>();

  constructor(
    readonly history: History,
    readonly model: StoreModel,
    readonly engine: Engine = makeIdempotent,
    isTraced = false,
    isValidated = false,
  ) {
    const { clock } = this;
    const start = clock.now;
    this.checker = new Checker(clock, history.options);
    this.answers = new AnswerRules(this.checker);
    this.trace = new Trace(isTraced, () => clock.now - start);
    this.traces = isValidated ? new ProtocolTraces(history, model, this.checker) : undefined;
    this.checker.traces = this.traces;
    const database = model.create(clock, this.checker);
    this.checker.versionsOf = (key) => database.versions(key);
    this.network = new Network(
      clock,
      database,
      model,
      history.climate,
      this.trace,
      this.checker,
      history.options.lambda ? 0 : Math.min(5_000, (history.options.lease * 1_000) / 3),
      this.traces,
    );
    this.#skews = [...history.skews];
  }

  /** Makes this the world that the code under test sees, until the answered function is called. */
  enter(): () => void {
    return this.clock.install(randomFrom(mixed(this.history.seed, 3)));
  }

  /** Plans everything that is to happen. */
  plan(): void {
    const { clock, history } = this;
    for (const call of history.calls) clock.schedule(this.#sky, call.at, () => this.#make(call));
    for (const act of history.acts) clock.schedule(this.#sky, act.at, () => this.#act(act));
  }

  /** What happens to processes from without happens there. */
  readonly #sky = new Host('world');

  callOf(index: number): CallState {
    return this.#calls.get(index) as CallState;
  }

  /** Ends a process at once, with all that it was doing. */
  crash({ host, index, connection }: Place): void {
    this.trace.note(host.name, () => 'crashes');
    this.checker.counted('crash');
    this.clock.kill(host);
    connection.listener?.stop();
    for (const call of this.unsettled) if (call.host === host) this.unsettled.delete(call);
    if (this.#processes[index]?.host === host) this.#processes[index] = undefined;
    const instance = this.#instances.findIndex((one) => one.host === host);
    if (instance >= 0) this.#instances.splice(instance, 1);
  }

  /** How many calls listen for notices in processes that live. */
  get listening(): number {
    const living = this.#places.filter(({ host }) => host.state !== 'dead');
    return living.reduce((sum, { connection }) => sum + (connection.listener?.size ?? 0), 0);
  }

  /** After everything: a call of a process that nothing happens to has to get an outcome. */
  audit(key: string, index: number): void {
    const process = this.#start(-1, 'audit', {
      onAbandoned: 'run',
      maxAttempts: Number.MAX_SAFE_INTEGER,
      onStoreFailure: 'throw',
      wait: 120,
      keepLocal: 0,
      readFirst: false,
      fingerprint: undefined,
    });
    const plan: PlannedCall = {
      index,
      key,
      process: -1,
      at: 0,
      payload: 0,
      method: { ends: 'returns', takes: 1, lost: 0, result: 'plain' },
      recovery: { answers: 'run', takes: 1 },
      deadline: 0,
    };
    this.clock.schedule(process.host, 1, () => this.#begin(process, plan, true));
  }

  #make(plan: PlannedCall): void {
    if (this.history.options.lambda) {
      this.#invoke(plan);
      return;
    }
    const process = this.#process(plan.process);
    // As a request that waits in the socket of a process that is frozen.
    this.clock.schedule(process.host, 1, () => this.#begin(process, plan, false));
  }

  /** One invocation of Lambda: its instance is frozen when it has answered, and killed when it takes too long. */
  #invoke(plan: PlannedCall): void {
    const { clock } = this;
    const idle = this.#instances.find((one) => !one.isBusy);
    const instance = idle ?? this.#start(plan.process, `i${this.#instances.length}`);
    if (!idle) this.#instances.push(instance);
    instance.isBusy = true;
    const { host } = instance;
    clock.thaw(host);
    const endsAt = clock.now + plan.deadline;
    const deadline = clock.schedule(this.#sky, plan.deadline, () => {
      if (host.state === 'dead') return;
      this.checker.counted('invocation timed out');
      this.crash(instance);
    });
    clock.schedule(host, 1, async () => {
      await this.#begin(instance, plan, false, {
        awsRequestId: `request ${plan.index}`,
        getRemainingTimeInMillis: () => endsAt - clock.now,
      });
      deadline.isOver = true;
      if (host.timers > 0)
        this.checker.violated(
          'nothing is left behind',
          `${host.timers} timers go on after invocation ${plan.index}`,
        );
      clock.freeze(host);
      instance.isBusy = false;
    });
  }

  async #begin(
    process: SimulatedProcess,
    plan: PlannedCall,
    isAudit: boolean,
    context?: unknown,
  ): Promise<void> {
    const { host } = process;
    const call: CallState = {
      plan,
      host,
      startedAt: this.clock.now,
      isAudit,
      runs: 0,
      recoveries: 0,
      hasSeenHolder: false,
      ranOpen: false,
      isUnrecorded: false,
      hasJoined: false,
      own: new Set(),
      busy: 0,
      takenBy: undefined,
      asked: 0,
      heard: 0,
    };
    this.#calls.set(plan.index, call);
    this.unsettled.add(call);
    this.traces?.begins(call);
    this.trace.note(host.name, () => `call ${plan.index} of ${plan.key} begins`);
    const args: Args = [plan.key, plan.index, plan.payload, ...(context ? [context] : [])] as unknown as Args;
    const ending: Ending = await callAtHand.run(call, () => endingOf(process.call(...args)));
    this.unsettled.delete(call);
    this.trace.note(host.name, () => `call ${plan.index} ends with ${told(ending)}`);
    this.traces?.ends(call, ending);
    this.answers.answered(call, ending);
  }

  #process(index: number): SimulatedProcess {
    const known = this.#processes[index];
    if (known) return known;
    const process = this.#start(index, `p${index}`);
    this.#processes[index] = process;
    return process;
  }

  #start(index: number, name: string, more: object = {}): SimulatedProcess {
    const isAudit = index < 0;
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    const host = new Host(life === 1 || isAudit ? name : `${name}.${life}`);
    host.skew = this.#skews[index] ?? 0;
    const connection = new Connection(this.network, host, index, isAudit);
    const place = { host, index, connection };
    this.#places.push(place);
    const call = operation(this.engine, this.history.options, connection, application(this, place), more);
    return { ...place, call, isBusy: false };
  }

  #act(act: Act): void {
    const { clock, network, checker, trace } = this;
    const { database } = network;
    trace.note('world', () =>
      Object.entries(act)
        .slice(1)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
    checker.counted(`act: ${act.kind}`);
    switch (act.kind) {
      case 'crash':
        for (const process of this.#living(act.process)) this.crash(process);
        break;
      case 'freeze':
        for (const { host } of this.#living(act.process)) {
          clock.freeze(host);
          clock.schedule(this.#sky, act.lasts, () => clock.thaw(host, act.order));
        }
        break;
      case 'clock':
        this.#skews[act.process] = act.skew;
        for (const { host } of this.#living(act.process)) host.skew = act.skew;
        break;
      case 'broken listener':
        for (const { connection } of this.#living(act.process)) connection.listener?.break();
        break;
      case 'outage': {
        const outage = { process: act.process, fault: act.fault };
        network.outages.add(outage);
        clock.schedule(this.#sky, act.lasts, () => network.outages.delete(outage));
        break;
      }
      case 'lost notices':
        network.losesNotices = true;
        clock.schedule(this.#sky, act.lasts, () => {
          network.losesNotices = false;
        });
        break;
      case 'sweep':
        database.sweep();
        break;
      case 'failover':
        database.failOver(act.loses);
        break;
      case 'forget':
      case 'resolve':
        this.#decide(act);
    }
  }

  #living(index: number): readonly SimulatedProcess[] {
    const process = this.history.options.lambda
      ? this.#instances.find((instance) => instance.index === index && instance.isBusy)
      : this.#processes[index];
    return process ? [process] : [];
  }

  /** An operator's program, which runs in one of the processes where it can, decides about a key. */
  #decide(act: Decisive): void {
    const { process: index } = act;
    const process = this.history.options.lambda ? this.#start(index, 'operator') : this.#process(index);
    this.clock.schedule(process.host, 1, () => decide(this, process, act));
  }
}
