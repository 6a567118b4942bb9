import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./side.mjs', import.meta.url));

/** A contender in a process of its own, which works when it is asked to and rests otherwise. */
export class RemoteSide {
  #process;
  #waiting = new Map();
  #sent = 0;

  static async start(options) {
    const side = new RemoteSide(options);
    await once(side.#process, 'message');
    side.#process.on('message', ({ id, value, error }) => {
      const { resolve, reject } = side.#waiting.get(id);
      side.#waiting.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    });
    return side;
  }

  constructor(options) {
    this.name = options.name;
    const execArgv = ['--no-warnings'];
    this.#process = fork(program, [JSON.stringify(options)], { execArgv });
    this.#process.once('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${options.name} ended with ${code}`));
    });
  }

  do(task, options) {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, task, ...options });
    });
  }

  async stop() {
    if (this.#process.exitCode !== null) return;
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
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
