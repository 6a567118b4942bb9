import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { OwnServer, type Started, startIn } from './own-server.js';
import { freePort, loopback, type ServerCommand, ServerFolder } from './server-process.js';
import { until } from './until.js';

const binary = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const node = 'retrysafe@localhost';
/** After how many milliseconds a delay queue hands on again what was not confirmed. RabbitMQ's default is three minutes. */
const handOnLimitMs = 5_000;
// On a machine with much to do it takes several times as long as on another.
const startLimitMs = 90_000;

/** Messages of every queue that are in it or with a consumer. What its list has for quorum queues may be five seconds old. */
const counts = `
Count = fun(Queue) ->
  {resource, _, queue, Name} = amqqueue:get_name(Queue),
  Messages = case amqqueue:get_type(Queue) of
    rabbit_quorum_queue ->
      {ok, {_, Overview}, _} = ra:leader_query(amqqueue:get_pid(Queue), fun rabbit_fifo:overview/1),
      maps:get(num_messages, Overview);
    _ -> proplists:get_value(messages, rabbit_amqqueue:info(Queue, [messages]))
  end,
  io_lib:format("~s=~b;", [Name, Messages])
end,
lists:flatten([Count(Queue) || Queue <- rabbit_amqqueue:list(<<"/">>)]).
`;

/** A RabbitMQ that one spec controls, with a port mapper of its own. Its start takes some seconds. */
export class RabbitMQServer extends OwnServer {
  /** Whether this machine has one. */
  static readonly isInstalled = existsSync(binary);

  readonly #mapper: Started;

  private constructor(mapper: Started, started: Started) {
    super(started);
    this.#mapper = mapper;
  }

  static async start(): Promise<RabbitMQServer> {
    const mapper = await startPortMapper();
    try {
      const folder = new ServerFolder('rabbitmq');
      const started = await startIn(folder, async (port) => commandIn(folder, port, mapper.port));
      return new RabbitMQServer(mapper, started);
    } catch (error) {
      await stopPortMapper(mapper);
      throw error;
    }
  }

  get url(): string {
    // Where a connection is not answered it does not take long until that is noticed.
    return `amqp://${this.host}:${this.port}?heartbeat=5`;
  }

  /** How many messages each queue has, those with consumers included. */
  async messages(): Promise<ReadonlyMap<string, number>> {
    // A queue that is new, or whose broker has just begun, does not say it at once.
    const answer = await until('all queues tell', () => this.evaluate(counts).catch(() => undefined));
    const pairs = [...answer.matchAll(/([^";]+)=(\d+);/g)];
    return new Map(pairs.map(([, name, messages]) => [name as string, Number(messages)]));
  }

  /** What the node answers to an expression of Erlang. */
  async evaluate(expression: string): Promise<string> {
    const cookie = readFileSync(join(this.folder, '.erlang.cookie'), 'utf8');
    const child = spawn('erl_call', ['-sname', node, '-c', cookie, '-e'], {
      env: { ...process.env, ...environment(this.folder, this.#mapper.port) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => {});
    child.stdin.end(expression);
    const [answer, fault] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (!answer.startsWith('{ok,')) throw new Error(`RabbitMQ answers: ${answer}${fault}`);
    return answer;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await stopPortMapper(this.#mapper);
  }
}

/** RabbitMQ would start one for all of the machine, which stays. */
async function startPortMapper(): Promise<Started> {
  const folder = new ServerFolder('epmd');
  return startIn(folder, async (port) => ({
    command: ['epmd', '-port', String(port), '-address', loopback, '-d'],
    folder,
    ready: /epmd running/,
  }));
}

async function stopPortMapper({ process, command }: Started): Promise<void> {
  await process.stop();
  command.folder.remove();
}

async function commandIn(folder: ServerFolder, port: number, mapperPort: number): Promise<ServerCommand> {
  const { path } = folder;
  const settings = {
    ...environment(path, mapperPort),
    RABBITMQ_NODENAME: node,
    RABBITMQ_NODE_IP_ADDRESS: loopback,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(path, 'mnesia'),
    RABBITMQ_LOG_BASE: join(path, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(path, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(path, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(path, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: join(path, 'rabbitmq-env.conf'),
    // The script replaces itself by the server, instead of waiting for it.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} -rabbit dead_letter_worker_publisher_confirm_timeout ${handOnLimitMs}`,
  };
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return {
    command: ['env', ...variables, binary, '-noinput'],
    folder,
    // Its log leaves lines out where it has very many.
    ready: /Server startup complete|completed with \d+ plugins/,
    startLimitMs,
  };
}

/** Its cookie is in its home. */
function environment(home: string, mapperPort: number): Record<string, string> {
  return { HOME: home, ERL_EPMD_PORT: String(mapperPort), ERL_EPMD_ADDRESS: loopback };
}
