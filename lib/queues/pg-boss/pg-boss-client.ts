/** What a handler gets of a job: `Job` of pg-boss 12.35 or later, and `JobWithMetadata` too. */
export interface PgBossJob<Data = unknown> {
  readonly id: string;
  /** The name of its queue. */
  readonly name: string;
  readonly data: Data;
  /** Names the attempt that this worker holds: a later one has a higher count. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
}

type JobAttempt = Pick<PgBossJob, 'id' | 'retryCount'>;

/** What is called of a `PgBoss`. */
export interface PgBossClient {
  complete(queue: string, attempt: JobAttempt, output?: object | null): Promise<unknown>;
  fail(queue: string, attempt: JobAttempt, output?: object | null): Promise<unknown>;
  touch(queue: string, attempt: JobAttempt): Promise<unknown>;
  getDb(): PgBossDatabase;
}

/** The database of a `PgBoss`. */
export interface PgBossDatabase {
  executeSql(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}
