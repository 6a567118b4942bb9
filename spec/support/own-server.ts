import {
  loopback,
  type ServerCommand,
  type ServerFolder,
  ServerProcess,
  startOnFreePort,
} from './server-process.js';

/** A server that was started on a port of its own. */
export interface Started {
  readonly port: number;
  readonly command: ServerCommand;
  readonly process: ServerProcess;
}

/**
 * Starts what `commandFor` says on a free port, when its folder has been prepared. The folder is removed where it does not
 * start.
 */
export async function startIn(
  folder: ServerFolder,
  commandFor: (port: number) => ServerCommand | Promise<ServerCommand>,
  prepare: () => Promise<void> = async () => {},
): Promise<Started> {
  try {
    await prepare();
    return await startOnFreePort(async (port) => {
      const command = await commandFor(port);
      return { port, command, process: await ServerProcess.start(command) };
    });
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** A server that one spec controls, which it may kill and start again. */
export abstract class OwnServer {
  readonly host = loopback;
  readonly port: number;
  readonly #command: ServerCommand;
  #process: ServerProcess;

  protected constructor({ port, command, process }: Started) {
    this.port = port;
    this.#command = command;
    this.#process = process;
  }

  /** Where it keeps what it has; removed when it is stopped. */
  get folder(): string {
    return this.#command.folder.path;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Ends it as a power cut does: by SIGKILL to its process group. Resolves when all its processes are gone. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts it again on its port, with what its folder has. */
  async restart(): Promise<void> {
    await this.#process.stop();
    this.#process = await ServerProcess.start(this.#command);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.#command.folder.remove();
  }
}
