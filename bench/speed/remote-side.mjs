import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./side.mjs', import.meta.url));
const limitMs = 120_000;
/**
 * The space for young objects has one size, that of a service that has run for a while. Otherwise it doubles where it is found too
 * small, up to 64 MB, and a page of it that is touched for the first time takes several times as long as the call that needs it.
 * That would fall into a round of one side, and at another time for each.
 */
const youngSpace = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** A contender in a process of its own, which works when it is asked to and rests otherwise. */
export class RemoteSide {
  #process;
  #ended;
  #waiting = new Map();
  #sent = 0;
  #fault;

  static async start(options) {
    const side = new RemoteSide(options);
    await side.#answered('ready');
    return side;
  }

  constructor({ node, ...options }) {
    this.name = options.name;
    const title = `${options.name}${options.variant ? ` (${options.variant})` : ''} on Node.js ${node.version}`;
    this.#process = fork(program, [JSON.stringify(options)], {
      execPath: node.path,
      execArgv: ['--no-warnings', ...youngSpace],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    this.#process.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
    });
    this.#process.on('message', ({ id, value, error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${title}: ${error}`));
    });
    this.#ended = Promise.all([once(this.#process, 'exit'), once(this.#process.stderr, 'close')]);
    this.#ended.then(([[code, signal]]) => {
      this.#fault = new Error(`${title} ended with ${code ?? signal}. It said: ${said.trim() || 'nothing'}`);
      for (const { reject } of this.#waiting.values()) reject(this.#fault);
    });
  }

  async do(task, options) {
    if (this.#fault) throw this.#fault;
    const id = ++this.#sent;
    const answered = this.#answered(id);
    this.#process.send({ id, task, ...options });
    return await answered;
  }

  /** A side that hangs is killed, so that the run says so and goes on. */
  #answered(id) {
    const limit = setTimeout(() => this.#process.kill('SIGKILL'), limitMs);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    }).finally(() => clearTimeout(limit));
  }

  async stop() {
    if (this.#process.connected) this.#process.disconnect();
    await this.#ended;
  }
}

/**
 * Starts these sides `times` times, and resolves to what `measure` found with each set of processes. What a compiler
 * decides differs between two processes of the same program, so that one of each would not do.
 */
export async function inFreshProcesses(times, described, measure) {
  const results = [];
  for (let count = 0; count < times; count += 1) {
    const sides = [];
    try {
      for (const options of described)
        sides.push(await RemoteSide.start({ ...options, firstKey: nextKeys() }));
      results.push(await measure(sides, count));
    } finally {
      for (const side of sides) await side.stop();
    }
  }
  return results;
}

// Processes that use the same table or server have keys of their own.
let started = 0;

function nextKeys() {
  started += 1;
  return started * 1_000_000;
}

/** Measures the sides in turns, there and back (A B B A), so that what slows the machine down slows all of them. */
export async function inTurns(sides, rounds, measure) {
  const measured = [];
  for (let round = 0; round < rounds; round += 1) {
    const results = new Map(sides.map((side) => [side.name, []]));
    for (const side of [...sides, ...sides.toReversed()]) results.get(side.name).push(await measure(side));
    measured.push(Object.fromEntries([...results].map(([name, both]) => [name, mean(both)])));
  }
  return measured;
}

function mean([one, other]) {
  return Object.fromEntries(Object.keys(one).map((name) => [name, (one[name] + other[name]) / 2]));
}
